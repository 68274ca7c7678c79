import { formatDecimal, parseDecimal, scaledInteger } from './decimal.ts';
import type { Currency } from './money.ts';
import type { ImageCount } from './usage.ts';

/** The things a provider bills, each by the piece. */
export const PRICED_UNITS = [
  'input_token',
  'output_token',
  'cached_input_token',
  'cache_write_token',
  'reasoning_token',
  'cache_write_1h_token',
  'audio_input_token',
  'cached_audio_input_token',
  'image_input_token',
  'audio_output_token',
  'image_output_token',
  'web_search',
  'second',
  'character',
  'minute',
  'email',
  'request',
] as const;
export type PricedUnit = (typeof PRICED_UNITS)[number];

/** The units whose price may change with the size of the context. */
export const TOKEN_UNITS = [
  'input_token',
  'output_token',
  'cached_input_token',
  'cache_write_token',
  'reasoning_token',
  'cache_write_1h_token',
  'audio_input_token',
  'cached_audio_input_token',
  'image_input_token',
  'audio_output_token',
  'image_output_token',
] as const;
export type TokenUnit = (typeof TOKEN_UNITS)[number];

/**
 * Yocto-units (10⁻²⁴) of the currency for one piece: $0.075 per million tokens is 75 × 10¹⁵ yocto-dollars a token.
 * Fine enough that every price anyone publishes is an exact integer (community tables carry up to 23 decimals);
 * a cost is summed in yoctos and rounded up to nanos once.
 */
export type Yoctos = bigint;

const YOCTO_DECIMALS = 24;
export const YOCTOS_PER_NANO = 10n ** 15n;

/** By unit; a module may bring units of its own. */
export type UnitPrices = { readonly [unit in PricedUnit]?: Yoctos } & { readonly [unit: string]: Yoctos | undefined };
export type TokenPrices = { readonly [unit in TokenUnit]?: Yoctos };

/** The price of one image. `*` as size or quality stands for any that is not listed. */
export interface ImagePrice {
  readonly size: string;
  readonly quality: string;
  readonly yoctos: Yoctos;
}

/** Token prices of a whole request whose input tokens exceed a bound. A unit that a tier does not name keeps its base price. */
export interface PriceTier {
  readonly above_input_tokens: number;
  readonly prices: TokenPrices;
}

/** Token prices of calls that a provider says it processed in another way than its standard one (`priority`, `flex`). */
export interface ServiceTier {
  readonly name: string;
  readonly units: TokenPrices;
  /** By the size of the context, as for the standard tier. */
  readonly tiers: readonly PriceTier[];
}

/**
 * What one model (or service, such as an e-mail sender) costs from an instant on.
 * A unit without a price is unknown, not free; free is an explicit zero.
 * Cached and written-to-cache tokens without a price of their own cost what input tokens do, reasoning tokens what output tokens do,
 * cached sound what sound does, pictures that are read what input tokens do. Writes kept for an hour, sound, pictures and searches have a price of their own or none at all: they may
 * be dearer than any other.
 */
export interface ModelPrice {
  readonly provider: string;
  readonly model: string;
  readonly currency: Currency;
  readonly from: Temporal.Instant;
  readonly units: UnitPrices;
  readonly images: readonly ImagePrice[];
  /** In ascending order of `above_input_tokens`. */
  readonly tiers: readonly PriceTier[];
  readonly service_tiers?: readonly ServiceTier[];
  /** Where the price was read, for whoever doubts it. */
  readonly source: string;
}

/** How many pieces a written price is for. */
const PER = { each: 0, per_thousand: 3, per_million: 6 } as const;
export type PriceBasis = keyof typeof PER;

/**
 * `parseUnitPrice('0.075', 'per_million')` → yoctos for one piece, exactly.
 * @throws RangeError when the text is not a decimal, is negative, or is finer than a yocto.
 */
export function parseUnitPrice(text: string, basis: PriceBasis): Yoctos {
  const { digits, decimals } = parseDecimal(text);
  if (digits < 0n) throw new RangeError(`${text} is negative; want a price of zero or more`);
  return scaledInteger({ digits, decimals: digits === 0n ? 0 : decimals + PER[basis] }, YOCTO_DECIMALS);
}

/** Yoctos for one piece as plain decimal text of the currency. */
export function formatUnitPrice(yoctos: Yoctos): string {
  return formatDecimal(yoctos, YOCTO_DECIMALS);
}

/** The price of an image of that size and quality: exact, else any size, else any quality, else any; undefined when none fits. */
export function findImagePrice(price: ModelPrice, wanted: Pick<ImageCount, 'size' | 'quality'>): Yoctos | undefined {
  for (const [size, quality] of [
    [wanted.size, wanted.quality],
    ['*', wanted.quality],
    [wanted.size, '*'],
    ['*', '*'],
  ]) {
    const found = price.images.find((image) => image.size === size && image.quality === quality);
    if (found) return found.yoctos;
  }
  return undefined;
}
