import { compare, isUnpriced, money, type Money, type Usage } from '@purser/money';
import type { UsageReport } from '@purser/providers';

import type { Held } from '../admission/held.ts';

/**
 * How a call came to its end: `served` with a whole answer; `left` by its reader (who went, or did not read until the time was over),
 * so that the rest was read for its usage only; `failed` by the provider.
 */
export type EndedBy = 'served' | 'left' | 'failed';

/** What a call that has ended comes to: what is booked, and what of it is sure. */
export type Ending =
  /** The provider's final usage. */
  | { readonly kind: 'known'; readonly usage: Usage; readonly cost: Money }
  /** No final usage: the cost is booked at its bound, the customer pays only for `sure`. */
  | {
      readonly kind: 'bounded';
      readonly usage: Usage;
      readonly cost: Money;
      readonly sure: Usage | null;
      readonly unpriced?: string;
    }
  /** Nobody can tell what it cost, and nothing was served: its worst case stays unresolved, the customer pays nothing. */
  | { readonly kind: 'unresolved' };

/**
 * The one place that decides what a call costs, however it ended and through whichever endpoint:
 *
 * | usage reported | served, or left after something was delivered or reported | left before that, or failed |
 * |---|---|---|
 * | final | that is the bill, at the prices of how it was processed | that is the bill |
 * | under way only, or none | booked at the worst case of the limits that were sent; the sure part is charged | unresolved at the worst case |
 *
 * Usage reported under way is a lower bound and never the bill: hidden reasoning goes on after it. Where it alone is more than the
 * worst case, it is booked, as an overrun.
 */
export function endingOf(held: Held, report: UsageReport, delivered: boolean, by: EndedBy): Ending {
  const { fitted, draft } = held;
  const { task } = draft.ask;
  if (report.certainty === 'final') return finalEnding(held, report.usage);
  const sure = report.certainty === 'at_least' ? report.usage : null;
  const sure_cost = sure && costOf(held, sure);
  const beyond = sure_cost !== null && compare(sure_cost, fitted.worst_cost) > 0;
  if (!beyond && (by === 'failed' || (by === 'left' && sure === null && !delivered))) return { kind: 'unresolved' };
  return {
    kind: 'bounded',
    cost: beyond ? sure_cost : fitted.worst_cost,
    usage: higher(task.most(fitted), sure),
    sure,
  };
}

/** Final usage that has no price here (a service tier, a kind of token nobody asked for) is not free: the worst case stands for it. */
function finalEnding(held: Held, usage: Usage): Ending {
  const { draft, fitted } = held;
  const { task } = draft.ask;
  const cost = task.costOf(fitted, usage);
  if (!isUnpriced(cost)) return { kind: 'known', usage, cost };
  const sure = partOf(usage, task.most(fitted));
  const standard = costOf(held, sure);
  return {
    kind: 'bounded',
    usage,
    cost: compare(standard, fitted.worst_cost) > 0 ? standard : fitted.worst_cost,
    sure,
    unpriced: cost.unpriced,
  };
}

export function costOf({ draft, fitted }: Held, usage: Usage): Money {
  const cost = draft.ask.task.costOf(fitted, usage);
  // A unit nobody expected has no price here. It is not free: the worst case that was held for it stands.
  return isUnpriced(cost) ? money(fitted.worst_cost.nanos, fitted.worst_cost.currency) : cost;
}

/** Of a usage the counts that were bounded beforehand. */
function partOf(usage: Usage, bound: Usage): Usage {
  const part: Record<string, unknown> = {};
  for (const name in bound) {
    const value = usage[name as keyof Usage];
    if (value !== undefined) part[name] = value;
  }
  return { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, ...part };
}

/** The bound, or where more than that is sure of a count, what is sure. */
function higher(bound: Usage, sure: Usage | null): Usage {
  if (sure === null) return bound;
  const high: Record<string, unknown> = { ...bound };
  for (const name in bound) {
    const [most, known] = [bound[name as keyof Usage], sure[name as keyof Usage]];
    if (typeof most === 'number' && typeof known === 'number') high[name] = Math.max(most, known);
  }
  return high as unknown as Usage;
}
