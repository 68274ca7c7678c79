import type { Pool } from '@purser/database';
import { type Currency, currency, type Money, money } from '@purser/money';

import type { MarginLine } from './margin-line.ts';
import { NO_PLAN } from './margin-report.ts';

/** Of the revenue of a line: what payments brought in, and what is only agreed with the customer so far. They add up to the revenue. */
export interface RevenueSources {
  readonly collected: Money;
  readonly agreed: Money;
}

/** Prices of periods that an operator agreed, and credits used as they go: `receivable` stands against them, not `collected`. */
const AGREED = `
  select %KEY% as key, coalesce(reported_unit, unit) as unit, sum(coalesce(reported, amount) * ledger.revenue_sign(debit, credit))::text as agreed
  from ledger.posting
  where posted_at >= $1 and posted_at < $2
    and ((debit = 'receivable' and credit in ('revenue:subscription', 'revenue:pay_as_you_go'))
      or (credit = 'receivable' and debit in ('revenue:subscription', 'revenue:pay_as_you_go')))
  group by 1, 2`;

const KEYS = { plan: `coalesce(plan, '${NO_PLAN}')`, workspace: 'workspace_id::text' } as const;

/**
 * How the revenue of each line of the margin report by plan or workspace came about, of what was posted in [from, to). Packs are sold
 * for money alone, so a line of a pack needs no asking.
 */
export async function revenueSources(
  pool: Pool,
  { from, to, by }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant; readonly by: keyof typeof KEYS },
): Promise<(line: MarginLine) => RevenueSources> {
  const { rows } = await pool.query<{ key: string; unit: string; agreed: string }>(AGREED.replace('%KEY%', KEYS[by]), [
    from.toString(),
    to.toString(),
  ]);
  const agreed = new Map(rows.map(({ key, unit, agreed: nanos }) => [nameOf(key, currency(unit)), BigInt(nanos)]));
  return ({ key, revenue }) => {
    const nanos = agreed.get(nameOf(key, revenue.currency)) ?? 0n;
    return { agreed: money(nanos, revenue.currency), collected: money(revenue.nanos - nanos, revenue.currency) };
  };
}

function nameOf(key: string, unit: Currency): string {
  return `${unit} ${key}`;
}
