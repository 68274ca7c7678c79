import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { Fault } from '@purser/core';
import { formatUnitPrice, type ModelPrice, PriceBook, type PricedUnit } from '@purser/money';

import type { ImportedPrice } from './litellm-draft.ts';
import { type Conversion, convertLitellm } from './litellm.ts';
import { IMPORTED_PRICES, OWN_PRICES } from './load.ts';
import type { Mistake } from './mistakes.ts';
import { buildPrices } from './prices.ts';
import { pricesSchema } from './schema.ts';
import { parseBy, parseSource, readSource } from './source.ts';

/** What `purser prices import` prints. */
export interface PricesImport {
  readonly text: string;
  readonly read: number;
  readonly skipped: number;
  /** The file written. */
  readonly path: string;
}

/**
 * Reads the community price table and writes what is certain of it as `imported_prices.json` into the folder of the catalogs,
 * in force from `now`; catalogs read it when they next load. The file is replaced whole, or not at all.
 * @throws Fault when the table cannot be read or is none.
 */
export async function importPrices(file: string, folder: string, now: Temporal.Instant): Promise<PricesImport> {
  const conversion = await readTable(file);
  if (conversion.prices.length === 0) {
    const [first] = conversion.skipped;
    const why =
      first === undefined ? 'it is empty' : `of ${conversion.skipped.length} entries, such as ${first.name}: ${first.reason}`;
    throw new Fault(
      `${file} has no price that can be read (${why}); want the JSON object that LiteLLM publishes. Nothing was written`,
      {
        retryable: false,
      },
    );
  }
  const own = await readOwnPrices(folder);
  const from = now.toString({ smallestUnit: 'second' });
  const prices = conversion.prices.map((price) => ({ ...keepOwnUnits(price, own, now), currency: 'USD', from }));
  const written = `${JSON.stringify({ source: `imported from ${basename(file)}`.slice(0, 200), prices }, null, 1)}\n`;

  const mistakes: Mistake[] = [];
  const source = parseSource(IMPORTED_PRICES, written, mistakes);
  const raw = source && parseBy(pricesSchema, source, mistakes);
  const imported = raw ? buildPrices(raw, source, mistakes) : [];
  // One bad entry would keep every catalog from loading, so nothing is written that does not read back.
  if (mistakes.length > 0)
    throw new Fault(`the converted prices cannot be read back: ${mistakes[0]?.path} ${mistakes[0]?.given}`, { retryable: false });

  const path = join(folder, IMPORTED_PRICES);
  await writeFile(`${path}.new`, written);
  await rename(`${path}.new`, path);
  const changes = changesTo(imported, own, now);
  return { text: describe(conversion, file, path, changes), read: prices.length, skipped: conversion.skipped.length, path };
}

export async function readTable(file: string): Promise<Conversion> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Fault(`the price table ${file} cannot be read`, { retryable: false, cause: error });
  }
  try {
    return convertLitellm(text);
  } catch (error) {
    throw new Fault(`${file} is not a price table; want the JSON object that LiteLLM publishes`, {
      retryable: false,
      cause: error,
    });
  }
}

async function readOwnPrices(folder: string): Promise<PriceBook> {
  const mistakes: Mistake[] = [];
  const source = await readSource(join(folder, OWN_PRICES), mistakes);
  const raw = source && parseBy(pricesSchema, source, mistakes);
  return new PriceBook(source && raw ? buildPrices(raw, source, mistakes) : []);
}

/** Units that the table has no field for, and images it does not price: what our own file says of them still holds after the import. */
const OWN_UNITS = ['second', 'character', 'minute', 'email', 'request'] as const;

function keepOwnUnits(price: ImportedPrice, own: PriceBook, now: Temporal.Instant): ImportedPrice {
  const before = own.findByKey(price.key, now);
  if (before?.currency !== 'USD') return price;
  const each = { ...price.each };
  for (const unit of OWN_UNITS) {
    const amount = before.units[unit];
    if (amount !== undefined) each[unit] ??= formatUnitPrice(amount);
  }
  const images =
    price.images ?? before.images.map(({ size, quality, yoctos }) => ({ size, quality, each: formatUnitPrice(yoctos) }));
  return { ...price, each, ...(images.length > 0 && { images }) };
}

/** Prices of our own file that the import overrides with another amount. */
function changesTo(imported: readonly ModelPrice[], own: PriceBook, now: Temporal.Instant): string[] {
  return imported.flatMap((price) => {
    const before = own.find(price.provider, price.model, now);
    if (!before) return [];
    return unitsOf(before)
      .filter((unit) => before.units[unit] !== price.units[unit])
      .map(
        (unit) =>
          `${price.provider}/${price.model} ${unit}: ${shown(before.units[unit])} → ${shown(price.units[unit])} ${price.currency}`,
      );
  });
}

function unitsOf(price: ModelPrice): PricedUnit[] {
  return Object.keys(price.units) as PricedUnit[];
}

function shown(amount: bigint | undefined): string {
  return amount === undefined ? 'no price' : formatUnitPrice(amount);
}

const EXAMPLES_MAX = 3;

function describe({ prices, skipped }: Conversion, file: string, path: string, changes: readonly string[]): string {
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of skipped) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  const lines = [...reasons]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([reason, names]) => {
      const examples = names.slice(0, EXAMPLES_MAX).join(', ');
      return `  ${String(names.length).padStart(5)}  ${reason} (${examples}${names.length > EXAMPLES_MAX ? ', …' : ''})`;
    });
  return [
    `${prices.length} prices read from ${basename(file)} into ${path}`,
    `${skipped.length} entries left out:`,
    ...lines,
    changes.length === 0 ? `no price of ${OWN_PRICES} changes` : `prices of ${OWN_PRICES} that change:`,
    ...changes.map((change) => `  ${change}`),
  ].join('\n');
}
