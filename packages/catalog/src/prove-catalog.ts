import type { Catalog } from './catalog.ts';
import type { Loss } from './loss.ts';
import { notesOf } from './notes.ts';
import { proveLicense } from './prove-license.ts';
import { provePack } from './prove-packs.ts';
import { type Proof, provePlan } from './prove-plans.ts';

/** What is known of a catalog at an instant: its proofs, what it loses by, and what is worth knowing though it holds. */
export interface CatalogProof {
  readonly proofs: readonly Proof[];
  /** Empty: it holds. */
  readonly losses: readonly Loss[];
  readonly notes: readonly string[];
}

/** Proves all that is for sale, at the prices of `at` and those announced for later. */
export function proveCatalog(catalog: Catalog, at: Temporal.Instant): CatalogProof {
  const proofs = [
    ...catalog.plans.map((plan) => provePlan(catalog, plan, at)),
    ...catalog.packs.flatMap((pack) => provePack(catalog, pack)),
  ];
  const losses = [...proofs.flatMap(({ loss }) => (loss ? [loss] : [])), ...proveLicense(catalog, at)];
  return { proofs, losses, notes: notesOf(catalog, proofs, at) };
}
