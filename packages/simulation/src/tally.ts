import { isRefusal, type Refusal } from '@purser/core';
import type { Answer } from '@purser/gate';

/** What was counted of one plan's, or one kind's, customers. */
export interface Count {
  customers: number;
  calls: number;
  served: number;
  degraded: number;
  refused: number;
  packs: number;
  /** Who was refused so at least once, by code. */
  readonly met: Map<string, Set<string>>;
}

/** How often, and to how many customers. */
export interface Times {
  times: number;
  readonly customers: Set<string>;
}

/** Whose call it was. */
export interface Caller {
  readonly workspace: string;
  readonly plan: string;
  readonly kind: string;
}

/** By how much differs from call to call. */
const SHORTENED = /^output of \d+ tokens instead of \d+$/;

/** What happened, counted as it happens; months are those of the simulation, from 0. */
export class Tally {
  readonly plans = new Map<string, Count>();
  readonly kinds = new Map<string, Count>();
  /** By code: how often in each month. */
  readonly refusals = new Map<string, number[]>();
  /** `PRO → BUSINESS`, and packs by their code. */
  readonly offers = new Map<string, Times>();
  readonly degradations = new Map<string, Times>();
  readonly payments = { paid: 0, failed: 0, restored: 0 };

  joined({ plan, kind }: Caller): void {
    for (const count of this.#of(plan, kind)) count.customers++;
  }

  bought({ plan, kind }: Caller): void {
    for (const count of this.#of(plan, kind)) count.packs++;
  }

  called(caller: Caller, result: Answer | Refusal, month: number): void {
    const { workspace, plan, kind } = caller;
    const refused = isRefusal(result);
    for (const count of this.#of(plan, kind)) {
      count.calls++;
      if (refused) {
        count.refused++;
        const met = count.met.get(result.code) ?? new Set();
        count.met.set(result.code, met.add(workspace));
      } else {
        count.served++;
        if (result.degraded.length > 0) count.degraded++;
      }
    }
    if (!refused) {
      for (const { what, why } of result.degraded)
        once(this.degradations, `${what.replace(SHORTENED, 'a shorter answer')} (${why})`, workspace);
      return;
    }
    const months = this.refusals.get(result.code) ?? [];
    this.refusals.set(result.code, months);
    months[month] = (months[month] ?? 0) + 1;
    for (const { kind: what, id } of result.offers ?? [])
      once(this.offers, what === 'upgrade' ? `${plan} → ${id}` : `${plan}: ${id}`, workspace);
  }

  #of(plan: string, kind: string): [Count, Count] {
    return [counted(this.plans, plan), counted(this.kinds, kind)];
  }
}

function counted(counts: Map<string, Count>, key: string): Count {
  const known = counts.get(key) ?? { customers: 0, calls: 0, served: 0, degraded: 0, refused: 0, packs: 0, met: new Map() };
  counts.set(key, known);
  return known;
}

function once(all: Map<string, Times>, key: string, workspace: string): void {
  const known = all.get(key) ?? { times: 0, customers: new Set() };
  all.set(key, known);
  known.times++;
  known.customers.add(workspace);
}
