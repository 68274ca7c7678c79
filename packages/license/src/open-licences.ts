import { appendAudit } from '@purser/audit';
import { BoundedMap, type Clock, type Pool, transaction, type WorkspaceId } from '@purser/base';
import type { Catalogue } from '@purser/catalog';
import { lockLicense } from '@purser/identity';
import type { Meters } from '@purser/meters';
import { type LicenceStage, licenceStage } from '@purser/policy';

import { announce } from './announce.ts';
import { WHY } from './words.ts';

export interface LicenceParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  /** The terms a workspace bought under. */
  readonly catalogueOf: (version: string) => Promise<Catalogue | undefined>;
}

/** What follows from a changed licence once its transaction is committed. */
export interface Licences {
  /** Gives back at once what a workspace holds whose AI was switched off; without it the next sweep does. */
  release(workspace: WorkspaceId): Promise<void>;
  /** Announces the stages that time alone has changed, and releases holds. Any number of servers may, as often as they like. */
  sweep(): Promise<void>;
}

/** By then every server knows of a change: a hold taken on the word of before has been taken. */
const ALL_KNOW_MS = 1_200;
/** Terms may be changed under a grace (another plan): how long that may go unannounced. The policy itself follows at once. */
const LOOK_AGAIN = Temporal.Duration.from({ hours: 24 });
const AT_ONCE_MAX = 200;
const RELEASING_MAX = 10_000;

export function openLicences(parts: LicenceParts): Licences {
  /** When this process first released for an event, in monotonic milliseconds. */
  const begun = new BoundedMap<string, number>(RELEASING_MAX);

  async function release(workspace: WorkspaceId, event: string): Promise<void> {
    const now_ms = performance.now();
    const first_ms = begun.get(event) ?? now_ms;
    begun.set(event, first_ms);
    await parts.meters.release(workspace);
    if (now_ms - first_ms < ALL_KNOW_MS) return;
    await parts.pool.query('update license.standing set release = null where workspace_id = $1 and release = $2', [
      workspace,
      event,
    ]);
    begun.delete(event);
  }

  return {
    async release(workspace) {
      const { rows } = await parts.pool.query<{ release: string }>(
        'select release from license.standing where workspace_id = $1 and release is not null',
        [workspace],
      );
      for (const row of rows) await release(workspace, row.release);
    },
    async sweep() {
      const { rows } = await parts.pool.query<{ workspace_id: WorkspaceId; release: string | null; due: boolean }>(
        `select workspace_id, release, coalesce(due_at <= $1, false) as due from license.standing
         where due_at <= $1 or release is not null limit ${AT_ONCE_MAX}`,
        [parts.clock.now().toString()],
      );
      for (const { workspace_id, release: event, due } of rows) {
        if (event !== null) await release(workspace_id, event);
        if (due) await moveOn(parts, workspace_id);
      }
    },
  };
}

/** Brings what was announced of a workspace up to the time. */
async function moveOn({ pool, clock, catalogueOf }: LicenceParts, workspace: WorkspaceId): Promise<void> {
  await transaction(pool, async (connection) => {
    const licence = await lockLicense(connection, workspace);
    const standing = await connection.query<{ stage: LicenceStage }>(
      'select stage from license.standing where workspace_id = $1',
      [workspace],
    );
    const from = standing.rows[0]?.stage;
    const terms = licence && (await catalogueOf(licence.catalogue_version))?.licence;
    if (licence === undefined || from === undefined || terms === undefined) return;
    const now = clock.now();
    const { stage, valid } = licenceStage({ license: licence.license, license_since: licence.since }, terms.grace_days, now);
    const again = now.add(LOOK_AGAIN);
    const due_at = valid.end !== null && Temporal.Instant.compare(valid.end, again) < 0 ? valid.end : valid.end && again;
    await connection.query('update license.standing set stage = $2, due_at = $3 where workspace_id = $1', [
      workspace,
      stage,
      due_at?.toString() ?? null,
    ]);
    if (stage === from) return;
    const at = Temporal.Instant.compare(valid.start, licence.since) > 0 ? valid.start : licence.since;
    await announce(connection, { workspace, from, to: stage, at, why: WHY.time, reference: '' });
    await appendAudit(connection, {
      at: now,
      actor: 'system',
      workspace,
      action: 'license.change',
      subject: `workspace:${workspace}`,
      detail: { from, to: stage, since: at.toString() },
    });
  });
}
