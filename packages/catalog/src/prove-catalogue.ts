import type { Catalogue } from './catalogue.ts';
import type { Loss } from './loss.ts';
import { notesOf } from './notes.ts';
import { proveLicense } from './prove-license.ts';
import { provePack } from './prove-packs.ts';
import { type Proof, provePlan } from './prove-plans.ts';

/** What is known of a catalogue at an instant: its proofs, what it loses by, and what is worth knowing though it holds. */
export interface CatalogueProof {
  readonly proofs: readonly Proof[];
  /** Empty: it holds. */
  readonly losses: readonly Loss[];
  readonly notes: readonly string[];
}

/** Proves all that is for sale, at the prices of `at` and those announced for later. */
export function proveCatalogue(catalogue: Catalogue, at: Temporal.Instant): CatalogueProof {
  const proofs = [
    ...catalogue.plans.map((plan) => provePlan(catalogue, plan, at)),
    ...catalogue.packs.flatMap((pack) => provePack(catalogue, pack)),
  ];
  const losses = [...proofs.flatMap(({ loss }) => (loss ? [loss] : [])), ...proveLicense(catalogue, at)];
  return { proofs, losses, notes: notesOf(catalogue, proofs, at) };
}
