import type { HoldId } from '@purser/core';
import type { Unresolved } from '@purser/meters';

import { dayOf, differenceOf, nameOf, type Sum, sumOf } from './sums.ts';

/**
 * What each unresolved call cost: what the bill says under its own id, else what the bill of its day and model has over what is
 * booked, as far as it goes and the call may have cost. A day the provider says nothing about resolves nothing.
 */
export function resolveByBill(
  unresolved: readonly Unresolved[],
  exact: ReadonlyMap<HoldId, bigint>,
  sums: Map<string, Sum>,
  models: ReadonlySet<string>,
): Map<HoldId, bigint> {
  const resolutions = new Map<HoldId, bigint>();
  const told = new Set([...sums.values()].filter(({ billed }) => billed !== 0n).map(({ day, unit }) => `${day} ${unit}`));
  const largest = new LargestOfDay(sums.values());
  const [billed, others] = [unresolved.filter(isBilled), unresolved.filter((call) => !isBilled(call))];
  for (const { hold_id, since, model, cost, cost_unit } of [...billed, ...others]) {
    const day = dayOf(since);
    if (!told.has(`${day} ${cost_unit}`)) continue;
    const known = exact.get(hold_id);
    const own = model === null ? undefined : sumOf(sums, day, nameOf(model, models), cost_unit);
    const from = own ?? largest.of(day, cost_unit);
    const spare = from === undefined || differenceOf(from) < 0n ? 0n : differenceOf(from);
    const taken = known ?? (spare < cost ? spare : cost);
    if (from !== undefined) from.resolved += taken;
    resolutions.set(hold_id, taken);
  }
  return resolutions;

  function isBilled({ hold_id }: Unresolved): boolean {
    return exact.has(hold_id);
  }
}

interface Ranked {
  readonly sum: Sum;
  readonly difference: bigint;
}

/** Of the sums of a day, the one with the largest difference: kept in order, since there may be thousands of sums and of calls. */
class LargestOfDay {
  readonly #days: Map<string, Ranked[]>;

  constructor(sums: Iterable<Sum>) {
    const days = Map.groupBy(sums, ({ day, unit }) => `${day} ${unit}`);
    this.#days = new Map(
      [...days].map(([day, own]) => {
        const ranked = own.map((sum) => ({ sum, difference: differenceOf(sum) }));
        return [day, ranked.toReversed().toSorted((one, other) => Number(one.difference - other.difference))];
      }),
    );
  }

  of(day: string, unit: string): Sum | undefined {
    const ranked = this.#days.get(`${day} ${unit}`) ?? [];
    for (let top = ranked.at(-1); top !== undefined; top = ranked.at(-1)) {
      const now = differenceOf(top.sum);
      if (now === top.difference) return top.sum;
      // It has changed since it was put in its place.
      ranked.pop();
      insert(ranked, { sum: top.sum, difference: now });
    }
    return undefined;
  }
}

function insert(ranked: Ranked[], one: Ranked): void {
  let [low, high] = [0, ranked.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranked[middle]?.difference ?? 0n) <= one.difference) low = middle + 1;
    else high = middle;
  }
  ranked.splice(low, 0, one);
}
