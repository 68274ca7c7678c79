import { currency, formatAmount, money } from '@purser/money';
import { z } from 'zod';

/** Money on the wire: an exact decimal and its currency, never a JSON number. */
export const amountSchema = z.object({
  amount: z
    .string()
    .regex(/^-?\d{1,12}(\.\d{1,9})?$/, 'want a decimal such as "0.000315"')
    .describe('An exact decimal, such as "0.000315".'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'want an ISO 4217 code such as "USD"')
    .describe('ISO 4217, such as "USD".'),
});

/** A counter is a JSON number while that is exact, and a decimal string beyond. */
export const counterSchema = z
  .union([z.int(), z.string().regex(/^-?\d+$/)])
  .describe('A whole number; a string of digits when it is beyond 2^53.');

export const instantSchema = z.string().describe('RFC 3339, UTC.');

export const uuidSchema = z.uuid();

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

export const quantitySchema = z
  .union([z.int(), z.string()])
  .describe('Money as an exact decimal string in `unit`; anything else as a whole number.');

/** A list's own parameters: where to go on, and how much at once. */
export const pageQuery = {
  cursor: z.string().max(100).optional().describe('`next_cursor` of the page before.'),
  limit: z.coerce.number().int().min(1).max(200).optional(),
};

/** An empty cursor is the first page. */
export function cursorOf(query: { cursor?: string | undefined }): string | null {
  return query.cursor === undefined || query.cursor === '' ? null : query.cursor;
}
