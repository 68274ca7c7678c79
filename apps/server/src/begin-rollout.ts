import { appendAudit } from '@purser/audit';
import { isRefusal, PLATFORM, type Pool, type Refusal, refuse, transaction } from '@purser/base';
import { type Catalogue, CatalogueFault, describeMistake, proposeCatalogue, provePlans, storeCatalogue } from '@purser/catalog';
import { changeRollout, type Rollout, startRollout, WHOLE_PPM } from '@purser/policy';

interface Parts {
  readonly pool: Pool;
  /** What is for sale now: the facts of the proposed one. */
  readonly catalogue: Catalogue;
  readonly actor: string;
  readonly now: Temporal.Instant;
}

/**
 * Stores a catalogue's text and begins to move a share (0 to 1) of the subscribers of `from_version` to it. Refuses one that has mistakes
 * or does not keep its margin (`invalid_request`), and what a roll-out itself refuses.
 */
export async function beginRollout(
  { pool, catalogue, actor, now }: Parts,
  wanted: { readonly text: string; readonly from_version: string; readonly share: number },
): Promise<Rollout | Refusal> {
  const proposed = readProposed(wanted.text, catalogue, now);
  if (isRefusal(proposed)) return proposed;
  if (proposed.version === wanted.from_version)
    return refuse('invalid_request', `the catalogue is ${proposed.version} already: nothing to move`);
  await storeCatalogue(pool, proposed, now);
  return transaction(pool, async (connection) => {
    const { from_version, share } = wanted;
    const started = await startRollout(connection, { from_version, to_version: proposed.version, share_ppm: ppm(share) }, now);
    if (isRefusal(started)) return started;
    await appendAudit(connection, {
      at: now,
      actor,
      workspace: PLATFORM,
      action: 'rollout.start',
      subject: `rollout:${started.id}`,
      detail: { from: from_version, to: proposed.version, share },
    });
    return started;
  });
}

/** Another share (0 to 1), `all`, or `back`; in the trail. */
export async function moveRollout(
  { pool, actor, now }: Pick<Parts, 'pool' | 'actor' | 'now'>,
  id: string,
  change: { readonly share?: number; readonly state?: 'all' | 'back' },
): Promise<Rollout | Refusal> {
  const { share, state } = change;
  return transaction(pool, async (connection) => {
    const wanted = { ...(share !== undefined && { share_ppm: ppm(share) }), ...(state !== undefined && { state }) };
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
    return changed.after;
  });
}

function readProposed(text: string, catalogue: Catalogue, now: Temporal.Instant): Catalogue | Refusal {
  try {
    const proposed = proposeCatalogue(text, catalogue);
    const failed = provePlans(proposed, now).filter((proof) => !proof.holds);
    if (failed.length === 0) return proposed;
    const reasons = failed.map(({ code, failure, binding }) => `${code} ${failure} (bound by the ${binding.name})`).join('; ');
    return refuse('invalid_request', `the catalogue does not keep its margin: ${reasons}`);
  } catch (error) {
    if (!(error instanceof CatalogueFault)) throw error;
    const [first, ...others] = error.mistakes;
    const more = others.length === 0 ? '' : `; and ${others.length} more`;
    return refuse('invalid_request', `the catalogue has mistakes: ${first ? describeMistake(first) : 'it is empty'}${more}`);
  }
}

function shown({ share_ppm, state }: Rollout): { share: number; state: string } {
  return { share: share_ppm / WHOLE_PPM, state };
}

function ppm(share: number): number {
  return Math.round(share * WHOLE_PPM);
}
