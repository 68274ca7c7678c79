import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CatalogFault, loadCatalog } from '../index.ts';

export const CATALOG = `
name: small
fx: { as_of: 2026-11-01, buffer: 0.02, rates: { USD/EUR: 0.94 } }
credit: { cost: 0.01 USD }
global_budget: { amount: 100 USD, window: month }
alerts: [0.7, 0.9]
pools:
  - { name: pool, unit: email, provider: mail, cap: 1000, window: month, pause_at: 0.9 }
ladders:
  - name: steps
    watches: ceiling
    levels:
      - { at: 0.7, model_class_max: medium, candidates_max: 20 }
      - { at: 0.9, model_class_max: small, candidates_max: 10 }
operations:
  - name: chat
    feature: ai
    output_tokens_default: 500
    classes: { simple: [small], medium: [small], complex: [large, small] }
plans:
  - code: FREE
    name: Free
    price: 0 EUR
    margin: 0.15
    features: [ai]
    credits_monthly: 10
    concurrency: 1
    rate: { rps: 1, rpm: 10, burst: 2 }
    request: { output_tokens_max: 500, credits_max: 5, input_chars_max: 10000 }
    model_policy: { defaultRouting: latest, providers: { text: [local] } }
    priority: low
  - code: PRO
    name: Pro
    price: 10 EUR
    margin: 0.15
    features: [ai, campaigns]
    overrun_reserve: 0.5 EUR
    credits_monthly: 100
    quotas: { emails_user_day: 10, emails_day: 20, emails_month: 300, candidates_batch: 10, candidate_batches_post: 1, finals_post: 9 }
    concurrency: 4
    rate: { rps: 2, rpm: 60, burst: 5 }
    request: { output_tokens_max: 1000, credits_max: 10, input_chars_max: 10000 }
    model_policy:
      defaultRouting: pinned
      pinned: { text: { model: cloud/one, version: 1.0.0 } }
      providers: { text: [cloud, local] }
    priority: high
    email: { provider: mail, price: mail/email, pool: pool }
    ladder: steps
    packs: [more]
    operations: [chat]
    offline_stand_in: cloud/one
packs:
  - { code: more, name: More, price: 5 EUR, credits: 100, margin: 0.15 }
`;

const MODELS = `
providers: [cloud, local, mail]
models:
  - { id: cloud/one, provider: cloud, name: one, version: 1.0.0, task: text, class: small, price: cloud/one, context_tokens: 8000, output_tokens_max: 1000 }
  - { id: local/two, provider: local, name: two, version: 2.1.0, task: text, class: local, price: local/two, context_tokens: 8000, output_tokens_max: 1000, free: true }
`;

const PRICES = `
prices:
  - { key: cloud/one, currency: USD, from: 2026-01-01, per_million: { input_token: 1.00, output_token: 4.00 } }
  - { key: local/two, currency: USD, from: 2026-01-01, each: { input_token: 0, output_token: 0 } }
  - { key: mail/email, currency: USD, from: 2026-01-01, per_thousand: { email: 0.10 } }
`;

const FILES = { 'small.yaml': CATALOG, 'models.yml': MODELS, 'provider_costs.yml': PRICES };
export type File = keyof typeof FILES;

/** Writes the small catalog into a folder of its own, with some files replaced; gives the path of the catalog. The caller removes the folder. */
export async function writeSmallCatalog(
  replaced: Partial<Record<File, string>> = {},
): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'purser-catalog-'));
  for (const [name, text] of Object.entries({ ...FILES, ...replaced })) await writeFile(join(folder, name), text);
  return { path: join(folder, 'small.yaml'), remove: () => rm(folder, { recursive: true }) };
}

/** Loads the small catalog with one text of one file replaced, and gives the mistakes as lines. */
export async function mistakesAfter(file: File, from: string, to: string): Promise<string[]> {
  if (!FILES[file].includes(from)) throw new Error(`${file} does not hold ${from}`);
  const { path, remove } = await writeSmallCatalog({ [file]: FILES[file].replace(from, to) });
  try {
    await loadCatalog(path);
    return [];
  } catch (error) {
    if (!(error instanceof CatalogFault)) throw error;
    return error.message.split('\n');
  } finally {
    await remove();
  }
}

/** What is wrong, the file, the text in it, the text in its place, and the mistake that has to be told. */
export type Case = readonly [what: string, file: File, from: string, to: string, mistake: RegExp];
