import type { WorkspaceId } from '@purser/core';
import { fromMinor, type Money } from '@purser/money';

import { bookPurchaseFee } from '../effects/book-fees.ts';
import { toldFeeOf } from '../effects/told-fees.ts';
import { asking, isMissing } from './client.ts';
import type { OpenParts } from './parts.ts';

const PURCHASES_MAX = 50;
const AGAIN_AFTER = { hours: 1 } as const;

/**
 * Replaces the fees that the catalog expected by those that Stripe took, which it knows a while after a payment. Asks for each purchase
 * at most once an hour, whatever the number of servers. Returns how many it learnt.
 */
export async function learnFees(parts: OpenParts): Promise<number> {
  const { pool, clock } = parts;
  const now = clock.now();
  const { rows } = await pool.query<{ payment: string; workspace: WorkspaceId }>(
    `update marketplace.purchase set fees_asked_at = $1 where checkout_id in (
       select checkout_id from marketplace.purchase
       where not fees_known and (fees_asked_at is null or fees_asked_at < $2) order by paid_at limit ${PURCHASES_MAX} for update skip locked)
     returning payment_intent as payment, workspace_id as workspace`,
    [now.toString(), now.subtract(AGAIN_AFTER).toString()],
  );
  let learnt = 0;
  for (const { payment, workspace } of rows) {
    const fee = await feeOf(parts, payment);
    if (fee !== undefined && fee !== 'missing' && (await bookPurchaseFee(parts, { payment, workspace, fee }))) learnt += 1;
  }
  return learnt;
}

/** As an event told it, else as Stripe says when it is asked. Undefined: not known yet; `missing`: Stripe does not have the payment. One that cannot be had keeps nobody from learning the others. */
export async function feeOf({ stripe, log, pool }: OpenParts, payment: string): Promise<Money | 'missing' | undefined> {
  const told = await toldFeeOf(pool, payment);
  if (told !== undefined) return told;
  try {
    const expand = ['latest_charge.balance_transaction'];
    const { latest_charge } = await asking('tell its fees', stripe.paymentIntents.retrieve(payment, { expand }));
    const of = typeof latest_charge === 'object' ? latest_charge?.balance_transaction : undefined;
    return typeof of === 'object' && of !== null ? fromMinor(of.fee, of.currency) : undefined;
  } catch (err) {
    if (isMissing(err)) return 'missing';
    log.warn({ err, payment }, 'the fees of a payment could not be read; they are requested again in an hour');
    return undefined;
  }
}
