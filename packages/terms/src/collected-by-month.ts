import type { Queryable } from '@purser/database';
import { type Currency, currency } from '@purser/money';

/** What was collected for a month, in one currency. Nano-units. */
export interface MonthMoney {
  readonly term: string;
  readonly month: number;
  readonly currency: Currency;
  readonly net: bigint;
  /** The share of what the payment provider took of the invoices. */
  readonly fees: bigint;
}

/** By workspace, of those that ever subscribed. */
export async function collectedByMonth(tx: Queryable, workspaces: readonly string[]): Promise<Map<string, MonthMoney[]>> {
  const { rows } = await tx.query<Omit<MonthMoney, 'currency'> & { workspace: string; currency: string }>(
    `select p.workspace_id as workspace, p.term, p.month, c.currency, sum(p.net)::bigint as net,
       coalesce(sum(ceil(c.fees::numeric * p.net / nullif(c.revenue + c.deferred, 0))), 0)::bigint as fees
     from terms.part p join terms.collected c on c.invoice = p.invoice and c.workspace_id = p.workspace_id
     where p.workspace_id = any ($1::uuid[]) and p.term is not null
     group by p.workspace_id, p.term, p.month, c.currency order by p.workspace_id, p.term, p.month, c.currency`,
    [workspaces],
  );
  const months = rows.map(({ currency: unit, ...row }) => ({ ...row, currency: currency(unit) }));
  return Map.groupBy(months, ({ workspace }) => workspace);
}
