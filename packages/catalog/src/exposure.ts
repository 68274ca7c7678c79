import { dearestCost, type ModelPrice, type Money, type Unpriced } from '@purser/money';

import type { ModelEntry } from './catalog.ts';

/** Answers by rules of ours: it writes no more than it was asked for, and nobody sends a bill. */
export const OWN_PROVIDER = 'offline';

/**
 * The most that a call with no more than so many input tokens can be billed, whatever limit it was sent: up to the model's own output limit,
 * in the dearest service tier. Undefined where it cannot be billed more than was held for it.
 */
export function dearestCall(model: ModelEntry, price: ModelPrice, input_tokens_max: number): Money | Unpriced | undefined {
  if (model.provider === OWN_PROVIDER) return undefined;
  return dearestCost(price, { input_tokens: input_tokens_max, output_tokens: model.output_tokens_max });
}
