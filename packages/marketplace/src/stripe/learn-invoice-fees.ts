import type { WorkspaceId } from '@purser/core';
import { convertCost, currency, type Currency, findRate } from '@purser/money';

import { bookInvoiceFees } from '../effects/book-fees.ts';
import type { OpenParts } from './parts.ts';
import { feeOf } from './learn-fees.ts';

const INVOICES_MAX = 50;
const AGAIN_AFTER = { hours: 1 } as const;
/** What Stripe does not know after so long it never will, such as of money that was paid outside of it. */
const DAYS_MAX = 30;

/**
 * Replaces the fees that the catalog expected of an invoice by those that Stripe took of its payments, in the books; what may be spent for it stays as
 * it was proven, by the catalog's. Asks for each invoice at most once an hour, whatever the number of servers. Returns how many it learnt.
 */
export async function learnInvoiceFees(parts: OpenParts): Promise<number> {
  const { pool, clock } = parts;
  const now = clock.now();
  const { rows } = await pool.query<{ invoice: string; workspace: WorkspaceId; unit: string; payments: readonly string[] }>(
    `update marketplace.invoice i set fees_asked_at = $1 where invoice_id in (
       select invoice_id from marketplace.invoice k where fees is null and paid > 0 and (fees_asked_at is null or fees_asked_at < $2)
         and paid_at > $3 and exists (select from marketplace.invoice_payment p where p.invoice_id = k.invoice_id)
       order by fees_asked_at nulls first, paid_at limit ${INVOICES_MAX} for update skip locked)
     returning invoice_id as invoice, workspace_id as workspace, currency as unit,
       array (select payment_intent from marketplace.invoice_payment p where p.invoice_id = i.invoice_id order by 1) as payments`,
    [now.toString(), now.subtract(AGAIN_AFTER).toString(), now.subtract({ hours: 24 * DAYS_MAX }).toString()],
  );
  let learnt = 0;
  for (const { invoice, workspace, unit, payments } of rows) {
    const fees = await feesOf(parts, payments, currency(unit));
    if (fees === 'missing')
      await pool.query(`update marketplace.invoice set fees_asked_at = 'infinity' where invoice_id = $1`, [invoice]);
    if (fees === undefined || fees === 'missing') continue;
    await bookInvoiceFees(parts, { invoice, workspace, fees });
    learnt += 1;
  }
  return learnt;
}

/** In the currency of the invoice; undefined: not known of every payment of it, or in a currency without a stated rate. */
async function feesOf(parts: OpenParts, payments: readonly string[], unit: Currency): Promise<bigint | 'missing' | undefined> {
  let sum = 0n;
  for (const payment of payments) {
    const fee = await feeOf(parts, payment);
    if (fee === 'missing') return fee;
    if (fee === undefined || (fee.currency !== unit && findRate(parts.catalog.fx, fee.currency, unit) === undefined))
      return undefined;
    sum += fee.currency === unit ? fee.nanos : convertCost(fee, unit, parts.catalog.fx).nanos;
  }
  return sum;
}
