import type { Connection, Queryable } from '@purser/database';
import { currency, type Money, money } from '@purser/money';

import type { ToldFee } from '../payment-action.ts';

/** Keeps what was told, in the event's own transaction; whoever waits for it looks at once. */
export async function keepToldFees(tx: Connection, told: readonly ToldFee[]): Promise<void> {
  for (const { payment, fee } of told) {
    await tx.query(
      `insert into marketplace.told_fee (payment_intent, fee, currency) values ($1, $2, $3)
       on conflict (payment_intent) do update set fee = excluded.fee, currency = excluded.currency`,
      [payment, fee.nanos, fee.currency],
    );
    await tx.query('update marketplace.purchase set fees_asked_at = null where payment_intent = $1 and not fees_known', [
      payment,
    ]);
    await tx.query(
      `update marketplace.invoice set fees_asked_at = null where fees is null
         and invoice_id = (select invoice_id from marketplace.invoice_payment where payment_intent = $1)`,
      [payment],
    );
  }
}

/** What an event told of a payment; undefined: none did. */
export async function toldFeeOf(tx: Queryable, payment: string): Promise<Money | undefined> {
  const { rows } = await tx.query<{ fee: bigint; unit: string }>(
    'select fee, currency as unit from marketplace.told_fee where payment_intent = $1',
    [payment],
  );
  return rows[0] && money(rows[0].fee, currency(rows[0].unit));
}
