import { rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { Fault } from '@purser/core';

import { importPrices, readTable } from './import-prices.ts';
import type { LeftOut } from './litellm-fields.ts';
import { type ImportedModel, modelsFrom } from './litellm-models.ts';
import { IMPORTED_MODELS } from './imported-models.ts';
import { MODELS } from './load.ts';
import type { Mistake } from './mistakes.ts';
import { modelsSchema } from './schema.ts';
import { parseBy, parseSource, readSource } from './source.ts';

/** What `purser models import` prints. */
export interface ModelsImport {
  readonly text: string;
  readonly models: number;
  readonly prices: number;
  /** Entries of the table that became no model, each with its reason. */
  readonly left_out: readonly LeftOut[];
  readonly path: string;
}

/**
 * Reads the community table: its prices as `importPrices` does, and the models that the catalog's providers serve, as
 * `imported_models.json` into the same folder. Catalogs read both when they next load; what stands in `models.yml` is not overruled. Every
 * entry of the table is taken or stands in the file with its reason. Each file is replaced whole, or not at all.
 * @throws Fault when the table cannot be read or is none.
 */
export async function importModels(file: string, folder: string, now: Temporal.Instant): Promise<ModelsImport> {
  const conversion = await readTable(file);
  const own = await readOwnModels(folder);
  const today = now.toString().slice(0, 10);
  const { models, left_out } = modelsFrom(conversion, own.providers, own.ids, today);
  const head = {
    source: `imported from ${basename(file)}`.slice(0, 200),
    imported: now.toString({ smallestUnit: 'second' }),
    entries: conversion.read,
  };
  const every = [...conversion.skipped, ...left_out];
  const written = `${JSON.stringify({ ...head, models, left_out: every, prices_left_out: conversion.fields_left_out }, null, 1)}\n`;
  assertReadable(written, own.providers);
  // Prices first: a model without one would keep every catalog from loading.
  const prices = await importPrices(file, folder, now);
  const path = join(folder, IMPORTED_MODELS);
  await writeFile(`${path}.new`, written);
  await rename(`${path}.new`, path);
  return {
    text: describe(models, every, conversion.fields_left_out, path, prices.text),
    models: models.length,
    prices: prices.read,
    left_out: every,
    path,
  };
}

async function readOwnModels(
  folder: string,
): Promise<{ readonly providers: ReadonlySet<string>; readonly ids: ReadonlySet<string> }> {
  const mistakes: Mistake[] = [];
  const source = await readSource(join(folder, MODELS), mistakes);
  const raw = source && parseBy(modelsSchema, source, mistakes);
  if (!raw) throw new Fault(`${join(folder, MODELS)} cannot be read: ${mistakes[0]?.given ?? 'no models'}`, { retryable: false });
  return { providers: new Set(raw.providers), ids: new Set(raw.models.map(({ id }) => id)) };
}

/** One bad entry would keep every catalog from loading, so nothing is written that does not read back. */
function assertReadable(written: string, providers: ReadonlySet<string>): void {
  const mistakes: Mistake[] = [];
  const { models } = JSON.parse(written) as { models: readonly ImportedModel[] };
  if (models.length === 0) return;
  const source = parseSource(IMPORTED_MODELS, JSON.stringify({ providers: [...providers], models }), mistakes);
  if (source) parseBy(modelsSchema, source, mistakes);
  const [first] = mistakes;
  if (first) throw new Fault(`the converted models cannot be read back: ${first.path} ${first.given}`, { retryable: false });
}

const EXAMPLES_MAX = 3;

function describe(
  models: readonly ImportedModel[],
  left_out: readonly LeftOut[],
  fields: readonly LeftOut[],
  path: string,
  prices: string,
): string {
  return [
    `${models.length} models read into ${path}: ${countedBy(models.map(({ task }) => task))}`,
    `${left_out.length} entries became no model; each stands in the file:`,
    ...groups(left_out),
    `${fields.length} prices of entries that were taken are of what is not billed here:`,
    ...groups(fields),
    prices,
  ].join('\n');
}

function countedBy(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

function groups(left_out: readonly LeftOut[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of left_out) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  return [...reasons]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([reason, names]) => {
      const examples = names.slice(0, EXAMPLES_MAX).join(', ');
      return `  ${String(names.length).padStart(5)}  ${reason} (${examples}${names.length > EXAMPLES_MAX ? ', …' : ''})`;
    });
}
