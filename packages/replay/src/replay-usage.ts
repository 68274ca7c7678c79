import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import { type Catalog, catalogVersions, findPlan } from '@purser/catalog';
import { type Workspace, type WorkspaceOverTime, workspacesOverTime } from '@purser/identity';
import { collectedSales, type MarginLine, marginReport, packSales } from '@purser/ledger';
import { convertPlain, type Money } from '@purser/money';
import { collectedByMonth, type ServedTerms, servedTerms } from '@purser/terms';

import { beforePeriod, readEvents } from './read-events.ts';
import type { Event } from './recorded.ts';
import { Replay } from './replay.ts';
import type { ReplayedPlan } from './replayed-plan.ts';
import { type PaidTerms, type Resale, resold, termsUnder } from './terms-under.ts';

export interface UsageReplay {
  /** What the books say of the same time. */
  readonly books: readonly MarginLine[];
  /** Everybody under the version he had bought then. */
  readonly before: readonly ReplayedPlan[];
  /** Everybody under the proposed catalog. */
  readonly after: readonly ReplayedPlan[];
  /** Calls that failed at no known cost. */
  readonly skipped: number;
}

/** Replays what was recorded in [from, to) through what was sold and through a proposed catalog. Changes nothing. */
export async function replayUsage(
  pool: Pool,
  question: {
    /** The one in force: facts, budget and shared ladders of what was sold. */
    readonly current: Catalog;
    readonly proposed: Catalog;
    readonly from: Temporal.Instant;
    readonly to: Temporal.Instant;
    /** Absent: each call at the prices of its own time. */
    readonly prices_at?: Temporal.Instant;
    readonly configured: ReadonlySet<string>;
  },
): Promise<UsageReplay> {
  const { current, proposed, from, to } = question;
  const opens = beforePeriod(from);
  const people = new People(pool, current, opens);
  const soldTo = (workspace: Workspace): Catalog => people.soldTo(workspace);
  const options = { ...question, soldTo, opens };
  const sides = [
    new Replay({ ...options, catalog: current, catalogOf: soldTo, termsOf: (id) => people.paid(id)?.served }),
    new Replay({ ...options, catalog: proposed, catalogOf: () => proposed, termsOf: (id) => people.paidUnder(id, proposed) }),
  ] as const;
  let skipped = 0;
  for await (const events of readEvents(pool, { opens, to }, (calls) => (skipped += calls))) {
    await people.meet(events);
    for (const { workspace: id, at, what } of events) {
      const workspace = people.at(id, at);
      if (workspace) for (const side of sides) side.add(workspace, at, what);
    }
  }
  for (const { plan, revenue, fees } of await packSales(pool, { from, to }))
    for (const side of sides) side.earn(plan, revenue, fees);
  for (const { workspace, at, plan, revenue, fees } of await collectedSales(pool, { from, to })) {
    await people.meet([{ workspace }]);
    sides[0].earn(plan, revenue, fees);
    const resale = people.resale(workspace, at, plan, proposed);
    if (resale === undefined) continue;
    const paid = resold(revenue, fees, resale);
    const { currency } = resale.proposed.price;
    const inPlan = (amount: Money): Money => convertPlain(amount, currency, proposed.fx, 'down');
    sides[1].earn(plan, inPlan(paid.revenue), inPlan(paid.fees));
  }
  const books = await marginReport(pool, { from, to, by: 'plan' });
  return { books, before: sides[0].result(), after: sides[1].result(), skipped };
}

/** Whose calls they are, and what they had bought. */
class People {
  readonly #pool: Pool;
  readonly #current: Catalog;
  readonly #readVersion: (version: string) => Promise<Catalog | undefined>;
  readonly #known = new Map<WorkspaceId, WorkspaceOverTime>();
  readonly #versions = new Map<string, Catalog>();
  readonly #paid = new Map<WorkspaceId, PaidTerms>();
  readonly #opens: Temporal.Instant;

  constructor(pool: Pool, current: Catalog, opens: Temporal.Instant) {
    this.#pool = pool;
    this.#current = current;
    this.#opens = opens;
    this.#readVersion = catalogVersions(pool, current);
  }

  async meet(events: readonly Pick<Event, 'workspace'>[]): Promise<void> {
    const unknown = new Set(events.map(({ workspace }) => workspace).filter((id) => !this.#known.has(id)));
    if (unknown.size === 0) return;
    await this.#readTerms([...unknown]);
    for (const [id, workspace] of await workspacesOverTime(this.#pool, [...unknown])) {
      this.#known.set(id, workspace);
      for (const version of workspace.versions()) await this.#readCatalog(version);
    }
  }

  async #readTerms(ids: readonly WorkspaceId[]): Promise<void> {
    const terms = await servedTerms(this.#pool, ids, this.#opens);
    const collected = await collectedByMonth(this.#pool, [...terms.keys()]);
    for (const [id, served] of terms) {
      for (const { version } of served.months) await this.#readCatalog(version);
      this.#paid.set(id as WorkspaceId, { served, money: collected.get(id) ?? [] });
    }
  }

  async #readCatalog(version: string): Promise<void> {
    if (this.#versions.has(version)) return;
    this.#versions.set(version, (await this.#readVersion(version)) ?? this.#current);
  }

  paid(id: WorkspaceId): PaidTerms | undefined {
    return this.#paid.get(id);
  }

  /** What it paid for, as another catalog would have sold it. */
  paidUnder(id: WorkspaceId, catalog: Catalog): ServedTerms | undefined {
    const paid = this.#paid.get(id);
    return paid && termsUnder(paid, catalog, (version) => this.#versions.get(version) ?? this.#current);
  }

  /** Undefined: the catalog does not have the plan, and earns nothing by it. */
  resale(id: WorkspaceId, at: Temporal.Instant, plan: string, catalog: Catalog): Resale | undefined {
    const month = this.#paid
      .get(id)
      ?.served.months.findLast((one) => one.plan === plan && Temporal.Instant.compare(one.from, at) <= 0);
    const version = month?.version ?? this.at(id, at)?.catalogue_version ?? '';
    const sold = findPlan(this.#versions.get(version) ?? this.#current, plan);
    const proposed = findPlan(catalog, plan);
    return sold && proposed && { sold, proposed, fx: catalog.fx };
  }

  at(id: WorkspaceId, at: Temporal.Instant): Workspace | undefined {
    return this.#known.get(id)?.at(at);
  }

  soldTo({ catalogue_version }: Workspace): Catalog {
    return this.#versions.get(catalogue_version) ?? this.#current;
  }
}
