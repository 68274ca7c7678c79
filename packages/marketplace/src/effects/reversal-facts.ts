import type { Connection } from '@purser/database';
import { convertCost, currency, type Currency, divide, type ExchangeRates, findRate, money } from '@purser/money';

import type { Reversal } from './entitlement.ts';
import type { ReversalAction } from '../payment-action.ts';

/** As it was told, in the currencies it was told in; null: that of the payment. */
interface ReversalRow extends Reversal {
  readonly currency: string | null;
  readonly fee_currency: string | null;
  readonly withdrawn: bigint | null;
  readonly withdrawn_currency: string | null;
  /** What the payment was in the currency of the reversal. */
  readonly presented: bigint | null;
}

/** What was paid, in nano-units of `currency`. */
interface Payment {
  readonly currency: string;
  readonly paid: bigint;
}

/** What was decided later counts, whichever is heard of first; of one second what takes more. What is open decides nothing. */
const DECIDED = `case when excluded.state = 'open' then false when r.state = 'open' then true
  else (excluded.state_at, excluded.state = 'lost') > (coalesce(r.state_at, r.at), r.state = 'lost') end`;

export async function keepReversal(tx: Connection, told: ReversalAction, at: Temporal.Instant): Promise<void> {
  await tx.query(
    `insert into marketplace.reversal as r (stripe_id, payment_intent, kind, amount, fee, state, at, state_at, currency, fee_currency, withdrawn,
       withdrawn_currency)
     values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11)
     on conflict (stripe_id) do update set amount = greatest(r.amount, excluded.amount), fee = greatest(r.fee, excluded.fee),
       state = case when ${DECIDED} then excluded.state else r.state end,
       state_at = case when ${DECIDED} then excluded.state_at else r.state_at end, currency = excluded.currency,
       fee_currency = coalesce(excluded.fee_currency, r.fee_currency), withdrawn = greatest(r.withdrawn, excluded.withdrawn),
       withdrawn_currency = coalesce(excluded.withdrawn_currency, r.withdrawn_currency)`,
    [
      told.object,
      told.payment,
      told.source,
      told.amount.nanos,
      told.fee?.nanos ?? 0n,
      told.state,
      at.toString(),
      told.amount.currency,
      told.fee?.currency ?? null,
      told.withdrawn?.nanos ?? null,
      told.withdrawn?.currency ?? null,
    ],
  );
}

const COLUMNS = `r.payment_intent as payment, r.kind, r.amount, r.fee, r.state, r.currency, r.fee_currency, r.withdrawn, r.withdrawn_currency, p.amount as presented
  from marketplace.reversal r left join marketplace.presented p on p.payment_intent = r.payment_intent and p.currency = r.currency`;

/** What stands against a payment, in its currency. */
export async function reversalsOfPayment(tx: Connection, payment: string, of: Payment, fx: ExchangeRates): Promise<Reversal[]> {
  const { rows } = await tx.query<ReversalRow>(`select ${COLUMNS} where r.payment_intent = $1`, [payment]);
  return rows.map((row) => inPayment(row, of, fx));
}

/** What stands against an invoice, whichever payment of it: refunds and disputes, and what its seller gave back by other means. */
export async function reversalsOfInvoice(tx: Connection, invoice: string, of: Payment, fx: ExchangeRates): Promise<Reversal[]> {
  const { rows } = await tx.query<ReversalRow>(
    `select ${COLUMNS} join marketplace.invoice_payment i on i.payment_intent = r.payment_intent where i.invoice_id = $1`,
    [invoice],
  );
  const notes = await tx.query<{ amount: bigint }>(
    'select amount from marketplace.credit_note where invoice_id = $1 and not void and amount > 0',
    [invoice],
  );
  return [
    ...rows.map((row) => inPayment(row, of, fx)),
    // In a dispute's way, for it adds to what was refunded.
    ...notes.rows.map(({ amount }): Reversal => ({ kind: 'dispute', amount, fee: 0n, state: 'lost', payment: '' })),
  ];
}

/**
 * A reversal that is told in another currency than the payment counts by what the payment provider states: what was withdrawn for it in the currency
 * of the payment, else its share of what the payment was in the currency of the reversal. Where neither is stated, at the catalog's rate,
 * cautiously; and without one, it is all of the payment.
 */
function inPayment(row: ReversalRow, { currency: code, paid }: Payment, fx: ExchangeRates): Reversal {
  const unit = currency(code);
  const { kind, state, payment } = row;
  const amount = amountIn(unit, row, paid, fx);
  return { payment, kind, state, amount, fee: feeIn(unit, row, amount, fx) };
}

function amountIn(unit: Currency, row: ReversalRow, paid: bigint, fx: ExchangeRates): bigint {
  const { amount, currency: told, withdrawn, withdrawn_currency, presented } = row;
  if (told === null || told === unit) return amount;
  if (withdrawn !== null && withdrawn > 0n && withdrawn_currency === unit) return withdrawn;
  if (presented !== null) return divide(amount * paid, presented, 'up');
  return converted(amount, told, unit, fx) ?? paid;
}

/** What it cost is in the currency in which it was withdrawn; at that rate, where nobody states another. */
function feeIn(unit: Currency, row: ReversalRow, amount: bigint, fx: ExchangeRates): bigint {
  const { fee, fee_currency, withdrawn, withdrawn_currency } = row;
  if (fee === 0n || fee_currency === null || fee_currency === unit) return fee;
  if (withdrawn !== null && withdrawn > 0n && withdrawn_currency === fee_currency) return divide(fee * amount, withdrawn, 'up');
  return converted(fee, fee_currency, unit, fx) ?? fee;
}

function converted(amount: bigint, from: string, to: Currency, fx: ExchangeRates): bigint | undefined {
  const unit = currency(from);
  return findRate(fx, unit, to) === undefined ? undefined : convertCost(money(amount, unit), to, fx).nanos;
}

/** What a payment was in a currency that its buyer saw. */
export async function keepPresented(
  tx: Connection,
  payment: string,
  seen: { readonly currency: string; readonly nanos: bigint },
): Promise<void> {
  if (seen.nanos <= 0n) return;
  await tx.query(
    'insert into marketplace.presented (payment_intent, currency, amount) values ($1, $2, $3) on conflict do nothing',
    [payment, seen.currency, seen.nanos],
  );
}
