import { isRefusal, type Refusal } from '@purser/base';
import type { Answer } from '@purser/gate';

/** What was counted of one plan's customers. */
export interface PlanCount {
  customers: number;
  calls: number;
  served: number;
  degraded: number;
  refused: number;
  offers: number;
  packs: number;
}

const NOTHING: PlanCount = { customers: 0, calls: 0, served: 0, degraded: 0, refused: 0, offers: 0, packs: 0 };

export class Tally {
  readonly plans = new Map<string, PlanCount>();
  readonly refusals = new Map<string, number>();

  of(plan: string): PlanCount {
    const known = this.plans.get(plan) ?? { ...NOTHING };
    this.plans.set(plan, known);
    return known;
  }

  count(plan: string, result: Answer | Refusal): void {
    const count = this.of(plan);
    count.calls++;
    if (!isRefusal(result)) {
      count.served++;
      if (result.degraded.length > 0) count.degraded++;
      return;
    }
    count.refused++;
    if ((result.offers?.length ?? 0) > 0) count.offers++;
    this.refusals.set(result.code, (this.refusals.get(result.code) ?? 0) + 1);
  }
}
