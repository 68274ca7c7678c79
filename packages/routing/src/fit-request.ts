import { assert, type Refusal, type RefusalCode, refuse } from '@purser/core';
import { dearestCall, type ModelEntry } from '@purser/catalog';
import {
  compare,
  convertCost,
  type ExchangeRates,
  formatMoney,
  isUnpriced,
  type ModelPrice,
  type Money,
  type Unpriced,
  worstCaseCost,
} from '@purser/money';

import type { Degradation } from './candidates.ts';

/** Something that bounds what a call may cost: what is left of the ceiling or the budget, the caller's `max_cost`, the credits. */
export interface Headroom {
  readonly remaining: Money;
  /** Refused with this when nothing fits into it. */
  readonly code: Extract<
    RefusalCode,
    | 'cost_ceiling_reached'
    | 'budget_exhausted'
    | 'credits_exhausted'
    | 'quota_exceeded'
    | 'request_too_large'
    | 'concurrency_exceeded'
  >;
  /** Names it in sentences: `the plan’s cost ceiling`. */
  readonly name: string;
}

export interface FitQuestion {
  /** Best choice first; see `candidatesFor`. */
  readonly candidates: readonly ModelEntry[];
  /** The price of a model at this moment; undefined: nobody knows. */
  readonly priceOf: (model: ModelEntry) => ModelPrice | undefined;
  /** What the prompt is at most to a model. */
  readonly input_tokens_max: number | ((model: ModelEntry) => number);
  /** What a model counts besides, as it alone does: pictures by its provider's rule. */
  readonly more_input_tokens?: (model: ModelEntry) => number;
  readonly output_tokens_asked: number;
  readonly headrooms: readonly Headroom[];
  /** What bounds the most a provider can bill for the call: the ceiling with what is held and exposed of it; absent: not asked. */
  readonly dearest_headroom?: Headroom;
  /** What is left of a quota of tokens, input and output together; absent: not limited. */
  readonly tokens_remaining?: bigint;
  readonly fx: ExchangeRates;
}

export interface FittedRequest {
  readonly model: ModelEntry;
  readonly price: ModelPrice;
  /** What the model can be billed for as input: the prompt's bound, and never more than it can read. */
  readonly input_tokens_max: number;
  /** Must be sent to the provider as its limit, or the worst case is none. */
  readonly output_tokens_max: number;
  /** In the currency of the price. */
  readonly worst_cost: Money;
  /** The most its provider can bill, whatever limit was sent: up to the model's own output limit, in its dearest service tier. */
  readonly dearest_cost: Money;
  readonly degraded: readonly Degradation[];
}

/** An answer cut shorter than this helps nobody: a cheaper model does. */
const OUTPUT_TOKENS_USEFUL = 64;
/** No tokenizer of the catalog averages more bytes a token over a text; a prompt above it cannot be read by the model. */
const BYTES_PER_TOKEN_MAX = 8;

/**
 * Makes a request fit into every room: with its output clamped, else on a cheaper model, else not at all, in that order (for each candidate
 * in turn the full output, then the longest that fits). What it returns costs at most every room, even in the worst case.
 * Refuses with the code of the room that was too small, `quota_exceeded` for tokens, `price_unknown`, or `request_too_large`.
 */
export function fitRequest(question: FitQuestion): FittedRequest | Refusal {
  const { candidates, output_tokens_asked } = question;
  assert(candidates.length > 0, 'there is a candidate to fit a request to');
  assert(Number.isSafeInteger(output_tokens_asked) && output_tokens_asked >= 0, 'the output asked for is a whole count');
  let unpriced: Refusal | undefined;
  let tooLong: Refusal | undefined;
  let tooDear: Refusal | undefined;
  for (const model of candidates) {
    const price = question.priceOf(model);
    if (price === undefined) {
      unpriced ??= refuse('price_unknown', `no price is known for ${model.id}`);
      continue;
    }
    const input_tokens_max = inputOf(question, model);
    if (input_tokens_max / BYTES_PER_TOKEN_MAX > model.context_tokens) {
      tooLong ??= refuse(
        'request_too_large',
        `the prompt is longer than the ${model.context_tokens} tokens ${model.id} can read`,
      );
      continue;
    }
    const fitted = fitTo(model, price, question, input_tokens_max);
    if (!('refused' in fitted)) return withDegradations(fitted, question);
    if (fitted.code === 'price_unknown') unpriced ??= fitted;
    else tooDear = fitted;
  }
  const refusal = tooDear ?? tooLong ?? unpriced;
  assert(refusal, 'a candidate either fits or says why not');
  return refusal;
}

function inputOf({ input_tokens_max: most }: FitQuestion, model: ModelEntry): number {
  return typeof most === 'number' ? most : most(model);
}

type Fit = Omit<FittedRequest, 'degraded'>;

function fitTo(model: ModelEntry, price: ModelPrice, question: FitQuestion, prompt_max: number): Fit | Refusal {
  const more = question.more_input_tokens?.(model) ?? 0;
  const input_tokens_max = Math.min(prompt_max + more, model.context_tokens);
  const asked = Math.min(question.output_tokens_asked, model.output_tokens_max);
  const worst = (output_tokens: number) => worstCaseCost(price, { input_tokens: input_tokens_max, output_tokens });
  const dearest = dearestCall(model, price, input_tokens_max);
  const headrooms = question.dearest_headroom ? [question.dearest_headroom] : [];
  const beyond = dearest && tried(dearest, 0, { headrooms, fx: question.fx }, model);
  if (beyond && 'refused' in beyond) return beyond;
  const fit = (output_tokens_max: number, worst_cost: Money): Fit => ({
    model,
    price,
    input_tokens_max,
    output_tokens_max,
    worst_cost,
    dearest_cost: beyond ?? worst_cost,
  });

  const full = tried(worst(asked), input_tokens_max + asked, question, model);
  if (!('refused' in full)) return fit(asked, full);
  if (full.code === 'price_unknown') return full;

  let fits = Math.min(asked, OUTPUT_TOKENS_USEFUL);
  const least = tried(worst(fits), input_tokens_max + fits, question, model);
  if ('refused' in least) return least;
  let cost = least;
  let exceeds = asked;
  while (exceeds - fits > 1) {
    const middle = fits + Math.floor((exceeds - fits) / 2);
    const found = tried(worst(middle), input_tokens_max + middle, question, model);
    if ('refused' in found) exceeds = middle;
    else [fits, cost] = [middle, found];
  }
  return fit(fits, cost);
}

/** The worst cost when it fits everywhere, else the refusal of the first headroom it does not fit. */
function tried(
  worst: Money | Unpriced,
  tokens: number,
  { headrooms, tokens_remaining, fx }: Pick<FitQuestion, 'headrooms' | 'tokens_remaining' | 'fx'>,
  model: ModelEntry,
): Money | Refusal {
  if (isUnpriced(worst)) return refuse('price_unknown', `no price of ${worst.unpriced} is known for ${model.id}`);
  for (const { remaining, code, name } of headrooms) {
    const cost = convertCost(worst, remaining.currency, fx);
    if (compare(cost, remaining) > 0) {
      const may = `it may cost ${formatMoney(cost)}, and ${formatMoney(remaining)} is left`;
      return refuse(code, `${name} does not leave enough for this call on ${model.id}; ${may}`);
    }
  }
  if (tokens_remaining !== undefined && BigInt(tokens) > tokens_remaining) {
    return refuse('quota_exceeded', `this call may take ${tokens} tokens, and ${tokens_remaining} are left of the quota`);
  }
  return worst;
}

function withDegradations(fit: Fit, { candidates, output_tokens_asked }: FitQuestion): FittedRequest {
  const degraded: Degradation[] = [];
  const first = candidates[0];
  if (fit.model !== first) {
    degraded.push({
      what: `model ${fit.model.id} instead of ${first?.id}`,
      why: 'the preferred model costs more than is left',
    });
  }
  if (fit.output_tokens_max < output_tokens_asked) {
    const why =
      fit.output_tokens_max === fit.model.output_tokens_max ? 'the model cannot write more' : 'the budget left pays for no more';
    degraded.push({ what: `output of ${fit.output_tokens_max} tokens instead of ${output_tokens_asked}`, why });
  }
  return { ...fit, degraded };
}
