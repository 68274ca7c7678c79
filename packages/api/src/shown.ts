import { z } from 'zod';

import { amountSchema, quantitySchema } from './amounts.ts';

/** How a member of an answer looks where credits are shown instead of cost. */
export type ShownInCredits =
  /** Left out: it shows what work costs us, or may cost. */
  | { readonly is: 'cost' }
  /** As it is: an amount of what is for sale or was paid. */
  | { readonly is: 'price' }
  /** A text that may name what work costs: said without amounts. */
  | { readonly is: 'text' }
  /** Another value. */
  | { readonly is: 'changed'; readonly change: (value: unknown) => unknown };

const SHOWN = z.registry<ShownInCredits>();

/** What is money, described anew or not. */
const AMOUNTS = z.registry<{ readonly money: true }>();
AMOUNTS.add(amountSchema, { money: true });
AMOUNTS.add(quantitySchema, { money: true });

/** What was said of this very schema; undefined: nothing. */
export function shownInCredits(schema: z.ZodType): ShownInCredits | undefined {
  return SHOWN.get(schema);
}

/** Whether a schema is one of money. */
export function isAmount(schema: z.ZodType): boolean {
  return AMOUNTS.get(schema) !== undefined;
}

/** A member that shows what work costs us, or may cost: left out where credits are shown. */
export function asCost<Schema extends z.ZodType>(schema: Schema): z.ZodOptional<Schema> {
  const member = schema.optional();
  SHOWN.add(member, { is: 'cost' });
  return member;
}

/** An amount of what is for sale or was paid: everybody may see it. */
export function asPrice(description?: string): typeof amountSchema {
  const schema = description === undefined ? amountSchema.clone() : amountSchema.describe(description);
  SHOWN.add(schema, { is: 'price' });
  return schema;
}

/** A member of which customers are shown another value where credits are shown. */
export function shownAs<Schema extends z.ZodType>(schema: Schema, credits: (value: z.output<Schema>) => unknown): Schema {
  const shown = schema.clone();
  SHOWN.add(shown, { is: 'changed', change: credits as (value: unknown) => unknown });
  return shown;
}

/** A text of ours that may name what work costs. */
export function spoken(description?: string): z.ZodString {
  const text = description === undefined ? z.string() : z.string().describe(description);
  const shown = text.clone();
  SHOWN.add(shown, { is: 'text' });
  return shown;
}
