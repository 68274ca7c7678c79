import {
  type Yoctos,
  currency,
  type ImagePrice,
  type ModelPrice,
  parseUnitPrice,
  type PriceBasis,
  PRICED_UNITS,
  type PriceTier,
  type ServiceTier,
  TOKEN_UNITS,
} from '@purser/money';

import type { Mistake, Path } from './mistakes.ts';
import { show } from './mistakes.ts';
import type { RawPrices } from './schema.ts';
import { mistakeAt, type Source } from './source.ts';

type RawEntry = RawPrices['prices'][number];
type Written = Pick<RawEntry, PriceBasis>;

const BASES = ['each', 'per_thousand', 'per_million'] as const satisfies readonly PriceBasis[];

/** Turns a parsed price file into price-book entries; an amount that is not exact, a unit priced twice, a tier out of order are mistakes. */
export function buildPrices(
  raw: RawPrices,
  source: Source,
  mistakes: Mistake[],
  priced: readonly string[] = PRICED_UNITS,
): ModelPrice[] {
  const seen = new Set<string>();
  return raw.prices.map((entry, index) => {
    const path = ['prices', index];
    const identity = `${entry.key} from ${entry.from.toString()}`;
    if (seen.has(identity))
      mistakes.push(mistakeAt(source, [...path, 'key'], `${identity} a second time`, 'each key and date once'));
    seen.add(identity);
    const slash = entry.key.indexOf('/');
    const units = buildUnits(entry, path, source, mistakes, priced);
    const images = buildImages(entry, path, source, mistakes);
    if (units.size === 0 && images.length === 0) {
      mistakes.push(mistakeAt(source, path, 'no price at all', 'each, per_thousand, per_million or images'));
    }
    return Object.freeze({
      provider: entry.key.slice(0, slash),
      model: entry.key.slice(slash + 1),
      currency: currency(entry.currency),
      from: entry.from,
      units: Object.fromEntries(units),
      images,
      tiers: buildTiers(entry, path, source, mistakes),
      ...(entry.service_tiers && { service_tiers: buildServiceTiers(entry.service_tiers, path, source, mistakes) }),
      source: entry.source ?? raw.source ?? source.file,
    });
  });
}

function buildUnits<Unit extends string>(
  written: Written,
  path: Path,
  source: Source,
  mistakes: Mistake[],
  allowed: readonly Unit[],
): Map<Unit, Yoctos> {
  const units = new Map<Unit, Yoctos>();
  for (const basis of BASES) {
    for (const [unit, text = ''] of Object.entries(written[basis] ?? {})) {
      const at = [...path, basis, unit];
      const known = allowed.find((candidate) => candidate === unit);
      const yoctos = readPrice(text, basis, at, source, mistakes);
      if (known === undefined) mistakes.push(mistakeAt(source, at, `a tier for ${unit}`, `one of ${allowed.join(', ')}`));
      else if (units.has(known)) mistakes.push(mistakeAt(source, at, `${unit} a second time`, 'each unit priced once'));
      else if (yoctos !== undefined) units.set(known, yoctos);
    }
  }
  return units;
}

function buildTiers(entry: Pick<RawEntry, 'tiers'>, path: Path, source: Source, mistakes: Mistake[]): PriceTier[] {
  let last = 0;
  return (entry.tiers ?? []).map((tier, index) => {
    const at = [...path, 'tiers', index];
    if (tier.above_input_tokens <= last) {
      mistakes.push(
        mistakeAt(source, [...at, 'above_input_tokens'], String(tier.above_input_tokens), `more than ${last}: tiers ascend`),
      );
    }
    last = tier.above_input_tokens;
    const prices = buildUnits(tier, at, source, mistakes, TOKEN_UNITS);
    return { above_input_tokens: tier.above_input_tokens, prices: Object.fromEntries(prices) };
  });
}

function buildServiceTiers(
  entries: NonNullable<RawEntry['service_tiers']>,
  path: Path,
  source: Source,
  mistakes: Mistake[],
): ServiceTier[] {
  return entries.map((entry, index) => {
    const at = [...path, 'service_tiers', index];
    if (entries.findIndex(({ name }) => name === entry.name) < index)
      mistakes.push(mistakeAt(source, [...at, 'name'], `${entry.name} a second time`, 'each service tier once'));
    const units = buildUnits(entry, at, source, mistakes, TOKEN_UNITS);
    if (!units.has('input_token') || !units.has('output_token'))
      mistakes.push(
        mistakeAt(source, at, `no price of input_token or output_token`, 'both: a service tier takes none from the standard'),
      );
    return { name: entry.name, units: Object.fromEntries(units), tiers: buildTiers(entry, at, source, mistakes) };
  });
}

function buildImages(entry: RawEntry, path: Path, source: Source, mistakes: Mistake[]): ImagePrice[] {
  const images: ImagePrice[] = [];
  for (const [index, { size, quality, each }] of (entry.images ?? []).entries()) {
    const at = [...path, 'images', index];
    const yoctos = readPrice(each, 'each', [...at, 'each'], source, mistakes);
    if (images.some((image) => image.size === size && image.quality === quality)) {
      mistakes.push(mistakeAt(source, at, `${size} ${quality} a second time`, 'each size and quality once'));
    }
    if (yoctos !== undefined) images.push({ size, quality, yoctos });
  }
  return images;
}

/** Above this many units of currency for one piece a price is a slip of the pen. */
const UNITS_MAX = 10_000n;

function readPrice(text: string, basis: PriceBasis, path: Path, source: Source, mistakes: Mistake[]): Yoctos | undefined {
  try {
    const yoctos = parseUnitPrice(text, basis);
    if (yoctos <= UNITS_MAX * 10n ** 24n) return yoctos;
  } catch {
    // Reported below with the place.
  }
  mistakes.push(mistakeAt(source, path, show(text), 'a price from 0 to 10000 with at most 24 decimals for one piece'));
  return undefined;
}
