import { appendAudit } from '@purser/audit';
import { isRefusal, PLATFORM, type Refusal, refuse } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import {
  type Catalog,
  CatalogFault,
  describeMistake,
  isPriceVersion,
  proveCatalog,
  proposeCatalog,
  proposePrices,
  storeCatalog,
  storePrices,
} from '@purser/catalog';
import { activeRollouts, changeRollout, type Rollout, startRollout, WHOLE_PPM } from '@purser/policy';

import { auditRollout } from './audit-rollout.ts';

interface RolloutParts {
  readonly pool: Pool;
  /** What is for sale now: the facts of the proposed one. */
  readonly catalog: Catalog;
  readonly actor: string;
  readonly now: Temporal.Instant;
}

/** What is rolled out: a catalog, or a `provider_costs.yml` under the catalog that is for sale. */
export type RolledOut = 'catalog' | 'prices';

/**
 * Stores the text of a catalog, or of prices, and begins to move a share (0 to 1) of those under `from_version` to it; without one, under
 * what is in force now. Refuses one that has mistakes or with which a plan does not keep its margin (`invalid_request`), and what a
 * rollout itself refuses.
 */
export async function beginRollout(
  { pool, catalog, actor, now }: RolloutParts,
  wanted: {
    readonly of: RolledOut;
    readonly text: string;
    readonly from_version?: string | undefined;
    readonly share: number;
  },
): Promise<Rollout | Refusal> {
  const { of, share } = wanted;
  const proposed = readProposed(of, wanted.text, catalog, now);
  if (isRefusal(proposed)) return proposed;
  const from_version = wanted.from_version ?? versionOf(of, catalog);
  const to_version = versionOf(of, proposed);
  if (to_version === from_version)
    return refuse('invalid_request', `the version is ${to_version} already: there is nothing to move`);
  if (of === 'prices') await storePrices(pool, proposed, now);
  else await storeCatalog(pool, proposed, now);
  return transaction(pool, async (connection) => {
    const before = await activeRollouts(connection);
    const started = await startRollout(connection, { from_version, to_version, share_ppm: ppm(share) }, now);
    if (isRefusal(started)) return started;
    await appendAudit(connection, {
      at: now,
      actor,
      workspace: PLATFORM,
      action: 'rollout.start',
      subject: `rollout:${started.id}`,
      detail: { from: from_version, to: to_version, share },
    });
    if (of === 'catalog') {
      const after = await activeRollouts(connection);
      await auditRollout(connection, { catalog: proposed, actor, now, rollout: started.id, before, after });
    }
    return started;
  });
}

/** Another share (0 to 1), `all`, or `back`; in the audit log, for each workspace that is granted less too. */
export async function moveRollout(
  { pool, catalog, actor, now }: RolloutParts,
  id: string,
  change: { readonly share?: number; readonly state?: 'completed' | 'rolled_back' },
): Promise<Rollout | Refusal> {
  const { share, state } = change;
  return transaction(pool, async (connection) => {
    const wanted = { ...(share !== undefined && { share_ppm: ppm(share) }), ...(state !== undefined && { state }) };
    const before = await activeRollouts(connection);
    const changed = await changeRollout(connection, id, wanted, now);
    if (isRefusal(changed)) return changed;
    await appendAudit(connection, {
      at: now,
      actor,
      workspace: PLATFORM,
      action: 'rollout.change',
      subject: `rollout:${id}`,
      detail: { before: shown(changed.before), after: shown(changed.after) },
    });
    // Prices are nobody's terms.
    if (!isPriceVersion(changed.after.to_version))
      await auditRollout(connection, { catalog, actor, now, rollout: id, before, after: await activeRollouts(connection) });
    return changed.after;
  });
}

function versionOf(of: RolledOut, { version, price_list }: Catalog): string {
  return of === 'prices' ? price_list.version : version;
}

function readProposed(of: RolledOut, text: string, catalog: Catalog, now: Temporal.Instant): Catalog | Refusal {
  const what = of === 'prices' ? 'the price list' : 'the catalog';
  try {
    const proposed = of === 'prices' ? proposePrices(text, catalog) : proposeCatalog(text, catalog);
    const { losses } = proveCatalog(proposed, now);
    if (losses.length === 0) return proposed;
    const reasons = losses.map(({ code, why, change }) => `${code} ${why}; ${change}`).join('. ');
    return refuse(
      'invalid_request',
      `${of === 'prices' ? 'at these prices the catalog' : what} does not keep its margin: ${reasons}`,
    );
  } catch (error) {
    if (!(error instanceof CatalogFault)) throw error;
    const [first, ...others] = error.mistakes;
    const more = others.length === 0 ? '' : `; and ${others.length} more`;
    return refuse('invalid_request', `${what} has mistakes: ${first ? describeMistake(first) : 'it is empty'}${more}`);
  }
}

function shown({ share_ppm, state }: Rollout): { share: number; state: string } {
  return { share: share_ppm / WHOLE_PPM, state };
}

function ppm(share: number): number {
  return Math.round(share * WHOLE_PPM);
}
