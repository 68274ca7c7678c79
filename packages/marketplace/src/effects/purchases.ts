import type { Pool } from '@purser/database';
import { currency, type Money, money } from '@purser/money';

/** How a pack sold over a span of time, in one currency. Money is what buyers paid, tax apart. */
export interface PackSales {
  readonly code: string;
  readonly currency: string;
  readonly purchases: number;
  readonly buyers: number;
  /** Workspaces that had bought before. */
  readonly came_back: number;
  readonly credits: bigint;
  readonly net: Money;
  readonly tax: Money;
  readonly fees: Money;
  readonly reversed: Money;
  /** Pages opened in the span, and how many of them were paid at any time. */
  readonly checkouts: number;
  readonly checkouts_paid: number;
}

interface Row {
  readonly code: string;
  readonly currency: string;
  readonly purchases: number;
  readonly buyers: number;
  readonly came_back: number;
  readonly credits: bigint;
  readonly net: bigint;
  readonly tax: bigint;
  readonly fees: bigint;
  readonly reversed: bigint;
  readonly checkouts: number;
  readonly checkouts_paid: number;
}

/** Sales of [from, to) by pack, the most sold first. */
export async function packSales(
  pool: Pool,
  { from, to }: { from: Temporal.Instant; to: Temporal.Instant },
): Promise<PackSales[]> {
  const { rows } = await pool.query<Row>(
    `with sold as (
       select p.code, p.currency, count(*)::int as purchases, count(distinct p.workspace_id)::int as buyers,
         (count(distinct p.workspace_id) filter (where exists (
           select 1 from marketplace.purchase e where e.workspace_id = p.workspace_id and e.paid_at < p.paid_at)))::int as came_back,
         sum(p.credits)::bigint as credits, sum(p.paid - p.tax)::bigint as net, sum(p.tax)::bigint as tax,
         sum(p.fees + p.reversal_fees)::bigint as fees, sum(p.reversed)::bigint as reversed
       from marketplace.purchase p where p.paid_at >= $1 and p.paid_at < $2 group by 1, 2
     ), opened as (
       select c.code, c.currency, count(*)::int as checkouts, count(p.checkout_id)::int as checkouts_paid
       from marketplace.checkout c left join marketplace.purchase p using (checkout_id)
       where c.kind = 'pack' and c.created_at >= $1 and c.created_at < $2 group by 1, 2
     )
     select code, currency, coalesce(purchases, 0) as purchases, coalesce(buyers, 0) as buyers, coalesce(came_back, 0) as came_back,
       coalesce(credits, 0) as credits, coalesce(net, 0) as net, coalesce(tax, 0) as tax, coalesce(fees, 0) as fees,
       coalesce(reversed, 0) as reversed, coalesce(checkouts, 0) as checkouts, coalesce(checkouts_paid, 0) as checkouts_paid
     from sold full join opened using (code, currency) order by purchases desc, code, currency`,
    [from.toString(), to.toString()],
  );
  return rows.map((row) => {
    const of = (nanos: bigint): Money => money(nanos, currency(row.currency));
    return { ...row, net: of(row.net), tax: of(row.tax), fees: of(row.fees), reversed: of(row.reversed) };
  });
}
