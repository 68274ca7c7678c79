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

export const quantitySchema = z
  .union([z.int(), z.string()])
  .describe('Money as an exact decimal string in `unit`; anything else as a whole number.');

export const instantSchema = z.string().describe('RFC 3339, UTC.');

export const uuidSchema = z.uuid();
