import { z } from 'zod';

import { amountSchema, counterSchema, instantSchema, uuidSchema } from './amounts.ts';
import { asCost, asPrice } from './shown.ts';

export const packSchema = z.object({
  code: z.string(),
  name: z.string(),
  price: asPrice(),
  credits: counterSchema,
  raises: asCost(amountSchema.describe('By how much buying it raises the cost ceiling of a month.')),
  tiers: z
    .array(z.object({ from: z.int(), price: asPrice() }))
    .describe('In one order, the pack number `from` and each further one costs that.'),
  expires_months: z.int().nullable(),
  text: z.string(),
});

export const planSchema = z.object({
  code: z.string(),
  name: z.string(),
  price: asPrice('A month.'),
  negotiable: z.boolean().describe('Price and caps are agreed with each customer; these are the minimum.'),
  credits: counterSchema.describe('Granted each month.'),
  ceiling: asCost(amountSchema.describe('The maximum cost of a month.')),
  features: z.array(z.string()),
  packs: z.array(z.string()).describe('Packs this plan may buy.'),
  text: z.string(),
});

export const receiptSchema = z.object({
  id: uuidSchema,
  paid_at: instantSchema,
  pack: z.string(),
  name: z.string(),
  quantity: z.int(),
  credits: counterSchema,
  net: asPrice(),
  tax: asPrice(),
  total: asPrice(),
  reversed: asPrice('Of the total: refunded or disputed.'),
  credits_paid_for: counterSchema,
  credits_owed: counterSchema.describe('Spent although the payment was returned; the next purchase pays for them.'),
  url: z.string().nullable().describe('Stripe’s own receipt.'),
});

export const receiptPageSchema = z.object({
  receipts: z.array(receiptSchema),
  credits_owed: counterSchema,
  next_cursor: z.string().nullable(),
});

export type Pack = z.infer<typeof packSchema>;
export type Plan = z.infer<typeof planSchema>;
export type Receipt = z.infer<typeof receiptSchema>;
export type ReceiptPage = z.infer<typeof receiptPageSchema>;
