import { currency, formatAmount, money } from '@purser/money';

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The wire form of a `bigint` counter: exact either way. */
export function counter(value: bigint): number | string {
  return value <= SAFE_MAX && value >= -SAFE_MAX ? Number(value) : value.toString();
}

const CURRENCY = /^[A-Z]{3}$/;

/** An amount of a meter or a posting: exact decimal text when its unit is a currency (kept in nano-units), else a counter. */
export function quantity(amount: bigint, unit: string): number | string {
  return CURRENCY.test(unit) ? formatAmount(money(amount, currency(unit))) : counter(amount);
}

/** An empty cursor is the first page. */
export function cursorOf(query: { cursor?: string | undefined }): string | null {
  return query.cursor === undefined || query.cursor === '' ? null : query.cursor;
}
