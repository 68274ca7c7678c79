import { assert, BrokenInvariant } from '@purser/core';

import { type Money, money } from './money.ts';
import { YOCTOS_PER_NANO, type Yoctos, findImagePrice, type ModelPrice, type PriceTier, type TokenPrices } from './price.ts';
import { divide } from './ratio.ts';
import type { Usage } from './usage.ts';

/** The price book does not say what a unit that is needed costs. Unknown is never free: callers refuse `price_unknown`. */
export interface Unpriced {
  readonly unpriced: string;
}

export function isUnpriced(value: Money | Unpriced): value is Unpriced {
  return 'unpriced' in value;
}

/** What the reported usage costs, rounded up to a nano. Inconsistent parts (more cached than input tokens) count as the larger total. */
export function actualCost(price: ModelPrice, usage: Usage): Money | Unpriced {
  assertCounts(usage);
  const rates = ratesFor(price, usage);
  if ('unpriced' in rates) return rates;
  const sum = new YoctoSum();
  addInput(sum, rates, usage);
  addOutput(sum, rates, usage);
  addOthers(sum, price, usage);
  return sum.total(price);
}

/** Input tokens that have a price of their own. */
function partsOf(usage: Usage): number {
  const cached = usage.cached_input_tokens ?? 0;
  const cached_audio = usage.cached_audio_input_tokens ?? 0;
  const written = Math.max(usage.cache_write_tokens ?? 0, usage.cache_write_1h_tokens ?? 0);
  const audio = Math.max(usage.audio_input_tokens ?? 0, cached_audio) - cached_audio;
  return Math.max(cached, cached_audio) + written + audio + (usage.image_input_tokens ?? 0);
}

function inputOf(usage: Usage): number {
  return Math.max(usage.input_tokens, partsOf(usage));
}

function addInput(sum: YoctoSum, rates: TokenPrices, usage: Usage): void {
  const cached = usage.cached_input_tokens ?? 0;
  const kept = usage.cache_write_1h_tokens ?? 0;
  const written = Math.max(usage.cache_write_tokens ?? 0, kept);
  const cached_audio = usage.cached_audio_input_tokens ?? 0;
  const audio = Math.max(usage.audio_input_tokens ?? 0, cached_audio) - cached_audio;
  sum.add('input_token', inputOf(usage) - partsOf(usage), rates.input_token);
  sum.add('input_token', Math.max(0, cached - cached_audio), rates.cached_input_token ?? rates.input_token);
  sum.add('input_token', written - kept, rates.cache_write_token ?? rates.input_token);
  sum.add('cache_write_1h_token', kept, rates.cache_write_1h_token);
  sum.add('input_token', usage.image_input_tokens ?? 0, rates.image_input_token ?? rates.input_token);
  sum.add('audio_input_token', audio, rates.audio_input_token);
  sum.add('audio_input_token', cached_audio, rates.cached_audio_input_token ?? rates.audio_input_token);
}

function addOutput(sum: YoctoSum, rates: TokenPrices, usage: Usage): void {
  const reasoning = usage.reasoning_tokens ?? 0;
  const audio = usage.audio_output_tokens ?? 0;
  const images = usage.image_output_tokens ?? 0;
  sum.add('output_token', Math.max(0, usage.output_tokens - reasoning - audio - images), rates.output_token);
  sum.add('output_token', reasoning, rates.reasoning_token ?? rates.output_token);
  sum.add('audio_output_token', audio, rates.audio_output_token);
  sum.add('image_output_token', images, rates.image_output_token);
}

/** The token prices of a call: those of its service tier alone, for what that tier does not name may cost more than the standard. */
function ratesFor(price: ModelPrice, usage: Usage): TokenPrices | Unpriced {
  const { service_tier } = usage;
  const input = inputOf(usage);
  if (service_tier === undefined) return ratesAt(price, input);
  const tier = price.service_tiers?.find(({ name }) => name === service_tier);
  if (tier === undefined) return { unpriced: `service tier ${service_tier}` };
  // A longer context is dearer in any tier: one that does not say by how much has no price for it.
  const longer = tierAt(price, input) !== undefined && tierAt(tier, input) === undefined;
  return longer
    ? { unpriced: `service tier ${service_tier} above ${tierAt(price, input)?.above_input_tokens} input tokens` }
    : ratesAt(tier, input);
}

/**
 * The most that a call within `bounds` can cost, rounded up to a nano: no cache discount, the dearest kind of input and of output token,
 * the dearest tier that the input can reach. `bounds` gives totals; how they split into cached or reasoning tokens is not trusted. Sound
 * and pictures are in it as far as `bounds` names them. What else a request has to ask for (another service tier, writes kept for an hour,
 * searches) is not: a request that does is refused.
 */
export function worstCaseCost(price: ModelPrice, bounds: Usage): Money | Unpriced {
  assertCounts(bounds);
  const worst = worstTokens(price, bounds, ({ input_token, cached_input_token, cache_write_token }) =>
    dearest(input_token, cached_input_token, cache_write_token),
  );
  addOthers(worst, price, bounds);
  return worst.total(price);
}

/**
 * The most that a provider can bill for a call of no more than these tokens, whatever was asked of it: as `worstCaseCost`, in the dearest
 * of its service tiers, with all of the input kept in a cache for an hour. What bills by other pieces than a text (sound, searches) is not in it.
 */
export function dearestCost(price: ModelPrice, bounds: Usage): Money | Unpriced {
  assertCounts(bounds);
  let most: YoctoSum | undefined;
  for (const tier of [price, ...(price.service_tiers ?? [])]) {
    const sum = worstTokens(tier, bounds, ({ input_token, cached_input_token, cache_write_token, cache_write_1h_token }) =>
      dearest(input_token, cached_input_token, cache_write_token, cache_write_1h_token),
    );
    if (!most || sum.missing !== undefined || (most.missing === undefined && sum.yoctos > most.yoctos)) most = sum;
  }
  assert(most, 'a price has at least its standard tier');
  addOthers(most, price, bounds);
  return most.total(price);
}

function worstTokens(
  price: Pick<ModelPrice, 'units' | 'tiers'>,
  bounds: Usage,
  inputPrice: (rates: TokenPrices) => Yoctos | undefined,
): YoctoSum {
  const input = Math.max(bounds.input_tokens, (bounds.cached_input_tokens ?? 0) + (bounds.cache_write_tokens ?? 0));
  const output = Math.max(bounds.output_tokens, bounds.reasoning_tokens ?? 0);
  let worst: YoctoSum | undefined;
  for (const { input_max, rates } of bands(price, input)) {
    const sum = new YoctoSum();
    addBoundedParts(sum, rates, bounds);
    const { audio_input_tokens = 0, image_input_tokens = 0 } = bounds;
    sum.add('input_token', Math.max(0, input_max - audio_input_tokens - image_input_tokens), inputPrice(rates));
    sum.add(
      'output_token',
      Math.max(0, output - soundsAndPicturesOf(bounds)),
      dearest(rates.output_token, rates.reasoning_token),
    );
    if (!worst || sum.missing !== undefined || (worst.missing === undefined && sum.yoctos > worst.yoctos)) worst = sum;
  }
  assert(worst, 'a price has at least its base band');
  return worst;
}

/** Tokens that a bound allows to be sound or pictures: each at the dearer of its own price and the plain one, for it need not be. */
function addBoundedParts(sum: YoctoSum, rates: TokenPrices, bounds: Usage): void {
  sum.add('audio_input_token', bounds.audio_input_tokens ?? 0, dearest(rates.audio_input_token, rates.input_token));
  sum.add('input_token', bounds.image_input_tokens ?? 0, dearest(rates.input_token, rates.image_input_token));
  sum.add('audio_output_token', bounds.audio_output_tokens ?? 0, dearest(rates.audio_output_token, rates.output_token));
  sum.add('image_output_token', bounds.image_output_tokens ?? 0, dearest(rates.image_output_token, rates.output_token));
}

function soundsAndPicturesOf({ audio_output_tokens = 0, image_output_tokens = 0 }: Usage): number {
  return audio_output_tokens + image_output_tokens;
}

/** The prices of a request with that many input tokens: the highest tier it exceeds holds for the whole of it. */
function ratesAt(price: Pick<ModelPrice, 'units' | 'tiers'>, input_tokens: number): TokenPrices {
  const tier = tierAt(price, input_tokens);
  return tier ? { ...price.units, ...tier.prices } : price.units;
}

function tierAt({ tiers }: Pick<ModelPrice, 'tiers'>, input_tokens: number): PriceTier | undefined {
  return tiers.findLast((candidate) => input_tokens > candidate.above_input_tokens);
}

/** The bands a request of at most `input_tokens` can fall in, each with the most input tokens that stay inside it. */
function bands(price: Pick<ModelPrice, 'units' | 'tiers'>, input_tokens: number): { input_max: number; rates: TokenPrices }[] {
  const starts = [-1, ...price.tiers.map((tier) => tier.above_input_tokens).filter((above) => above < input_tokens)];
  return starts.map((_, index) => {
    const input_max = Math.min(input_tokens, starts[index + 1] ?? input_tokens);
    return { input_max, rates: ratesAt(price, input_max) };
  });
}

function dearest(...prices: (Yoctos | undefined)[]): Yoctos | undefined {
  let most: Yoctos | undefined;
  for (const price of prices) if (price !== undefined && (most === undefined || price > most)) most = price;
  // Only the plain price says that the unit is priced at all.
  return prices[0] === undefined ? undefined : most;
}

function addOthers(sum: YoctoSum, price: ModelPrice, usage: Usage): void {
  const { second, character, minute, email, request } = price.units;
  sum.add('web_search', usage.web_searches ?? 0, price.units.web_search);
  sum.add('second', usage.seconds ?? 0, second);
  sum.add('character', usage.characters ?? 0, character);
  sum.add('minute', usage.minutes ?? 0, minute);
  sum.add('email', usage.emails ?? 0, email);
  // A fee per call is due even when the usage does not mention it; a model without one does not bill calls.
  sum.add('request', usage.requests ?? 1, request ?? 0n);
  for (const image of usage.images ?? [])
    sum.add(`image ${image.size} ${image.quality}`, image.count, findImagePrice(price, image));
  for (const unit in usage.units) sum.add(unit, usage.units[unit] ?? 0, price.units[unit]);
}

class YoctoSum {
  yoctos: Yoctos = 0n;
  missing: string | undefined;

  add(unit: string, count: number, price: Yoctos | undefined): void {
    if (count === 0) return;
    if (price === undefined) this.missing ??= unit;
    else this.yoctos += BigInt(count) * price;
  }

  total(price: ModelPrice): Money | Unpriced {
    if (this.missing !== undefined) return { unpriced: this.missing };
    return money(divide(this.yoctos, YOCTOS_PER_NANO, 'up'), price.currency);
  }
}

function assertCounts(usage: Usage): void {
  // The words are put together only when they are needed: this runs twice a call.
  let field: keyof Usage;
  for (field in usage) {
    const value = usage[field];
    if (typeof value === 'number' && !isCount(value)) throw new BrokenInvariant(`usage ${field} is ${value}; want a whole count`);
  }
  for (const { count } of usage.images ?? []) if (!isCount(count)) throw new BrokenInvariant(`an image count is ${count}`);
  for (const unit in usage.units) {
    const value = usage.units[unit] ?? 0;
    if (!isCount(value)) throw new BrokenInvariant(`usage ${unit} is ${value}; want a whole count`);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
