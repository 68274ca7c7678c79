import type { Pool } from '@purser/database';

import type { Acknowledged } from './callers.ts';
import type { Billed } from './upstream.ts';

/** What the provider's bill and the books say of each other. All amounts in nano-USD. */
export interface Account {
  readonly billed: bigint;
  readonly booked: bigint;
  readonly unresolved: bigint;
  /** Acknowledged answers without a settled attempt or an unresolved cost behind them. */
  readonly lost: number;
  /** Requests of the provider that two attempts claim. */
  readonly doubled: number;
  /** Attempts with usage whose cost is not what the provider bills, to the nano. */
  readonly wrong: number;
  /** Requests that were billed and are neither booked nor covered by an unresolved hold. */
  readonly uncovered: number;
}

/** gpt-4o-mini, in nano-USD a token, from the provider's price page: the books' own prices are not asked. */
const INPUT_NANOS = 150n;
const OUTPUT_NANOS = 600n;

interface AttemptRow {
  readonly hold_id: string;
  readonly request_id: string | null;
  readonly cost: bigint | null;
  readonly estimated: boolean;
}

export async function accountOf(
  pool: Pool,
  billed: ReadonlyMap<string, Billed>,
  acknowledged: readonly Acknowledged[],
): Promise<Account> {
  const attempts = await pool.query<AttemptRow>(
    `select hold_id, request_id, cost, coalesce(usage ? 'estimated', false) as estimated from ledger.attempt`,
  );
  const open = await pool.query<{ hold_id: string; cost: bigint }>('select hold_id, cost from meters.unresolved');
  const unresolved = new Map(open.rows.map(({ hold_id, cost }) => [hold_id, cost]));
  const settled = new Set(attempts.rows.filter(({ cost }) => cost !== null).map(({ hold_id }) => hold_id));
  const priced = (bill: Billed): bigint => BigInt(bill.input_tokens) * INPUT_NANOS + BigInt(bill.output_tokens) * OUTPUT_NANOS;

  const claimed = new Map<string, AttemptRow[]>();
  for (const attempt of attempts.rows) {
    if (attempt.request_id !== null) claimed.set(attempt.request_id, [...(claimed.get(attempt.request_id) ?? []), attempt]);
  }
  let wrong = 0;
  let nameless = 0;
  for (const bill of billed.values()) {
    const [attempt] = claimed.get(bill.request_id) ?? [];
    if (attempt === undefined) nameless += 1;
    else if (attempt.cost === null) wrong += (unresolved.get(attempt.hold_id) ?? 0n) < priced(bill) ? 1 : 0;
    else if (attempt.estimated) wrong += attempt.cost < priced(bill) ? 1 : 0;
    else wrong += attempt.cost === priced(bill) ? 0 : 1;
  }
  // A server that was killed told nobody which request its hold was for: each such hold covers one.
  const named = new Set(attempts.rows.filter(({ request_id }) => request_id !== null).map(({ hold_id }) => hold_id));
  const covering = [...unresolved.keys()].filter((hold_id) => !named.has(hold_id)).length;
  const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((all, amount) => all + amount, 0n);
  return {
    billed: sum([...billed.values()].map(priced)),
    booked: sum(attempts.rows.map(({ cost }) => cost ?? 0n)),
    unresolved: sum(unresolved.values()),
    lost: acknowledged.filter(({ transaction_id }) => !settled.has(transaction_id) && !unresolved.has(transaction_id)).length,
    doubled: [...claimed.values()].filter((rows) => rows.length > 1).length,
    wrong,
    uncovered: Math.max(0, nameless - covering),
  };
}
