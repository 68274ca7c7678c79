import type { Coupon, Life } from './life.ts';
import type { Line } from './stripe-objects.ts';

export interface InvoiceSums {
  readonly discount: number;
  readonly tax: number;
  /** Less than nothing: it goes to the customer's balance. */
  readonly total: number;
}

/** What an invoice comes to: its lines, less a coupon, and the tax within them or on top. */
export function invoiceSums(lines: readonly Line[], coupon: Coupon | undefined, tax: Life['tax']): InvoiceSums {
  const sum = lines.reduce((all, { amount }) => all + amount, 0);
  const off = coupon?.percent === undefined ? (coupon?.amount ?? 0) : Math.round((sum * coupon.percent) / 100);
  const discount = sum > 0 ? Math.min(sum, off) : 0;
  const left = sum - discount;
  if (tax === undefined) return { discount, tax: 0, total: left };
  if (tax.inclusive) return { discount, tax: left - Math.round((left * 100) / (100 + tax.percent)), total: left };
  const on_top = Math.round((left * tax.percent) / 100);
  return { discount, tax: on_top, total: left + on_top };
}

/** What of a new period is paid by time that the same invoice credits. */
export function paidByCredit(lines: readonly Line[]): number {
  const sumOf = (kind: Line['kind']): number =>
    lines.filter((line) => line.kind === kind).reduce((all, { amount }) => all + amount, 0);
  return Math.max(0, Math.min(sumOf('plan'), -sumOf('proration')));
}
