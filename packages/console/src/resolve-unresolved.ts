import { appendAudit } from '@purser/audit';
import { type HoldId, type Refusal, refuse } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import { listUnresolved, resolveUnresolved, type Unresolved, type UnresolvedQuery } from '@purser/meters';
import { type Currency, money, type Money, parseMoney } from '@purser/money';

export { listUnresolved, type Unresolved, type UnresolvedQuery };

/** What somebody says about calls that are unresolved. */
export interface UnresolvedVerdict {
  readonly verdict: 'billed' | 'not_billed';
  /** What one call cost, in the currency its provider bills in; without it the whole hold. */
  readonly cost?: { readonly amount: string; readonly currency: string };
  readonly reason: string;
  readonly actor: string;
}

export interface ResolvedCalls {
  readonly resolved: number;
  /** The most that they may have cost, by currency. */
  readonly amounts: readonly Money[];
}

const AT_ONCE = 200;

/**
 * Resolves the calls of a query, some at a time, each lot in one transaction with its audit event. Those that end unresolved meanwhile are
 * left to the next time; those that were resolved before stay as they are.
 */
export async function resolveCalls(
  pool: Pool,
  now: Temporal.Instant,
  query: Omit<UnresolvedQuery, 'after' | 'limit' | 'resolved'>,
  said: UnresolvedVerdict,
): Promise<ResolvedCalls | Refusal> {
  if (said.verdict === 'not_billed' && said.cost !== undefined) {
    return refuse('invalid_request', '"cost": a call that was not billed has no cost; leave it out, or say "billed"');
  }
  if (said.cost !== undefined && query.holds?.length !== 1) {
    return refuse('invalid_request', '"cost" is for one call: name it in "transaction_ids"');
  }
  const amounts = new Map<string, bigint>();
  let resolved = 0;
  let after: UnresolvedQuery['after'];
  for (;;) {
    const lot = await listUnresolved(pool, { ...query, limit: AT_ONCE, ...(after && { after }) });
    const [last] = lot.slice(-1);
    if (last === undefined) break;
    const cost = costOf(lot, said);
    if (typeof cost === 'object') return cost;
    const done = await resolveLot(pool, now, lot, cost, query, said);
    for (const one of lot.filter(({ hold_id }) => done.has(hold_id))) {
      amounts.set(one.cost_unit, (amounts.get(one.cost_unit) ?? 0n) + one.cost);
    }
    resolved += done.size;
    if (lot.length < AT_ONCE) break;
    after = last;
  }
  return { resolved, amounts: [...amounts].map(([unit, nanos]) => money(nanos, unit as Currency)) };
}

function costOf([first]: readonly Unresolved[], { verdict, cost }: UnresolvedVerdict): bigint | 'worst_case' | Refusal {
  if (verdict === 'not_billed') return 0n;
  if (cost === undefined || first === undefined) return 'worst_case';
  if (cost.currency !== first.cost_unit) {
    return refuse('invalid_request', `"cost": ${first.provider} bills in ${first.cost_unit}, got ${cost.currency}`);
  }
  const { nanos } = parseMoney(cost.amount, cost.currency);
  return nanos < 0n ? refuse('invalid_request', `"cost": want zero or more, got ${cost.amount}`) : nanos;
}

function resolveLot(
  pool: Pool,
  now: Temporal.Instant,
  lot: readonly Unresolved[],
  cost: bigint | 'worst_case',
  { provider, from, to }: UnresolvedQuery,
  { verdict, reason, actor }: UnresolvedVerdict,
): Promise<ReadonlySet<HoldId>> {
  return transaction(pool, async (connection) => {
    const done = new Set(
      await resolveUnresolved(
        connection,
        now,
        lot.map(({ hold_id }) => ({ hold: hold_id, cost })),
      ),
    );
    const [only] = lot;
    if (done.size === 0 || only === undefined) return done;
    const one = lot.length === 1;
    await appendAudit(connection, {
      at: now,
      actor,
      workspace: one ? only.workspace_id : null,
      action: 'unresolved.resolve',
      subject: one ? `hold:${only.hold_id}` : `provider:${provider ?? 'all'}`,
      detail: {
        verdict,
        reason,
        calls: done.size,
        cost: cost === 'worst_case' ? 'the whole hold' : cost.toString(),
        ...(from && { from: from.toString() }),
        ...(to && { to: to.toString() }),
      },
    });
    return done;
  });
}
