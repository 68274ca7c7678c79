import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Catalog, CatalogFault, loadCatalog, proveCatalog, type Witness } from '@purser/catalog';
import fc from 'fast-check';

import { anyCatalog, FILES, type WrittenCatalog } from './any-catalog.ts';
import { playWitness } from './play-witness.ts';
import type { TrialWorld } from './trial-world.ts';
import { spendToTheLimit, type Spending } from './try-catalog.ts';

/** A catalog that somebody might write, and what a customer of it does. */
export interface Trial {
  readonly files: WrittenCatalog;
  readonly spending: Spending;
}

const spending: fc.Arbitrary<Spending> = fc.record({
  plan: fc.nat(5),
  before: fc.oneof(fc.constant(0), fc.integer({ min: 50, max: 100 })),
  behaviours: fc.array(fc.constantFrom('kept', 'beyond', 'beyond', 'uncharged', 'unknown'), { minLength: 1, maxLength: 5 }),
  calls: fc.integer({ min: 2, max: 9 }),
  words: fc.constantFrom(1, 8, 90),
  output: fc.constantFrom(1, 60, 30_000),
  packs: fc.array(fc.nat(6), { maxLength: 2 }),
  agreed: fc.option(fc.constantFrom(20, 80, 150, 400), { nil: undefined, freq: 2 }),
});

export const trials: fc.Arbitrary<Trial> = fc.record({ files: anyCatalog, spending });

/** What came of a trial: whether the catalog was accepted, or by what it was refused. */
export type Verdict = 'accepted' | 'mistake' | Witness['kind'];

export interface Tried {
  readonly verdicts: readonly Verdict[];
  /** An accepted catalog that loses, or a refused one that holds. */
  readonly wrong: readonly string[];
}

/** Proves a catalog at `at` and tries the proof: what is accepted is spent to its limit, what is refused is shown to lose. */
export async function tryProof(world: TrialWorld, { files, spending: how }: Trial, at: Temporal.Instant): Promise<Tried> {
  const catalog = await load(files);
  if ('mistakes' in catalog) return { verdicts: ['mistake'], wrong: catalog.mistakes.filter((mistake) => !isSound(mistake)) };
  const { losses } = proveCatalog(catalog, at);
  if (losses.length === 0) return { verdicts: ['accepted'], wrong: await spendToTheLimit(world, catalog, how) };
  const wrong: string[] = [];
  for (const loss of losses) wrong.push(...(await playWitness(world, catalog, loss)));
  return { verdicts: losses.map(({ witness }) => witness.kind), wrong };
}

/** Mistakes that are losses of their own, each shown by its own tests: what cannot be paid, a credit below its cost, fees above the price. */
function isSound(mistake: string): boolean {
  return /want a price in whole|pay_as_you_go\.price: .* want enough for|overrun_reserve: .* want at most the ceiling, -/.test(
    mistake,
  );
}

async function load(files: WrittenCatalog): Promise<Catalog | { readonly mistakes: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'purser-trial-'));
  try {
    for (const name of FILES) await writeFile(join(folder, name), files[name]);
    return await loadCatalog(join(folder, FILES[0]));
  } catch (error) {
    if (!(error instanceof CatalogFault)) throw error;
    return { mistakes: error.message.split('\n') };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export { TRIAL_ROOMS, TrialWorld } from './trial-world.ts';
