import { appendAudit } from '@purser/audit';
import { LruCache, type Clock, type WorkspaceId } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import type { Catalog, LicenseTerms } from '@purser/catalog';
import { lockLicense } from '@purser/identity';
import type { Meters } from '@purser/meters';
import { type LicenseStage, licenseStage } from '@purser/policy';

import { announce } from './announce.ts';
import { WHY } from './words.ts';

export interface LicenseParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  /** What this server remembers of a workspace is to be read again. */
  readonly forget: (workspace: WorkspaceId) => void;
  /** The terms a workspace bought under. */
  readonly catalogOf: (version: string) => Promise<Catalog | undefined>;
}

/** What follows from a changed license once its transaction is committed. */
export interface Licenses {
  /**
   * What follows for one workspace, at once: this server reads it anew, and what it holds is given back if its AI was switched off.
   * Without it the next sweep does.
   */
  release(workspace: WorkspaceId): Promise<void>;
  /** Does what is owed to all, and announces the stages that time alone has changed. Any number of servers may, as often as they like. */
  sweep(): Promise<void>;
}

/** By then every server knows of a change: a hold taken on the word of before has been taken. */
const ALL_KNOW_MS = 1_200;
/** Terms may be changed under a grace (another plan): how long that may go unannounced. The policy itself follows at once. */
const LOOK_AGAIN = Temporal.Duration.from({ hours: 24 });
const STAGES_MAX = 200;
const RELEASES_MAX = 5_000;
const RELEASING_MAX = 20_000;

/** What a workspace holds is owed back to it, for an event. */
interface Release {
  readonly workspace_id: WorkspaceId;
  readonly release: string;
}

const nameOf = ({ workspace_id, release }: Release): string => `${workspace_id} ${release}`;

export function openLicenses(parts: LicenseParts): Licenses {
  /** When this process first released for an event, in monotonic milliseconds. */
  const begun = new LruCache<string, number>(RELEASING_MAX);

  async function release(owed: readonly Release[]): Promise<void> {
    if (owed.length === 0) return;
    const now_ms = performance.now();
    await parts.meters.release(owed.map(({ workspace_id }) => workspace_id));
    const done = owed.filter((one) => now_ms - (begun.get(nameOf(one)) ?? now_ms) >= ALL_KNOW_MS);
    for (const one of owed) if (!begun.has(nameOf(one))) begun.set(nameOf(one), now_ms);
    if (done.length === 0) return;
    await parts.pool.query(
      `update license.standing s set release = null from unnest($1::uuid[], $2::text[]) d (workspace_id, release)
       where s.workspace_id = d.workspace_id and s.release = d.release`,
      [done.map(({ workspace_id }) => workspace_id), done.map(({ release: event }) => event)],
    );
    for (const one of done) begun.delete(nameOf(one));
  }

  async function sweep(): Promise<void> {
    const owed = await parts.pool.query<Release>(
      `select workspace_id, release from license.standing where release is not null limit ${RELEASES_MAX}`,
    );
    const due = await parts.pool.query<{ workspace_id: WorkspaceId }>(
      `select workspace_id from license.standing where due_at <= $1 order by due_at limit ${STAGES_MAX}`,
      [parts.clock.now().toString()],
    );
    await release(owed.rows);
    for (const { workspace_id } of due.rows) await moveOn(parts, workspace_id);
  }

  return {
    async release(workspace) {
      parts.forget(workspace);
      const { rows } = await parts.pool.query<Release>(
        'select workspace_id, release from license.standing where workspace_id = $1 and release is not null',
        [workspace],
      );
      await release(rows);
    },
    sweep,
  };
}

/** Brings what was announced of a workspace up to the time. */
async function moveOn({ pool, clock, catalogOf }: LicenseParts, workspace: WorkspaceId): Promise<void> {
  await transaction(pool, async (connection) => {
    const record = await lockLicense(connection, workspace);
    const stored = await connection.query<{ stage: LicenseStage; steps: number }>(
      'select stage, steps from license.standing where workspace_id = $1',
      [workspace],
    );
    const announced = stored.rows[0];
    const terms = record && (await catalogOf(record.catalogue_version))?.license;
    if (record === undefined || announced === undefined || terms === undefined) return;
    const now = clock.now();
    const { stage, steps, valid } = licenseStage({ license: record.license, license_since: record.since }, terms, now);
    const again = now.add(LOOK_AGAIN);
    const due_at = valid.end !== null && Temporal.Instant.compare(valid.end, again) < 0 ? valid.end : valid.end && again;
    await connection.query('update license.standing set stage = $2, due_at = $3, steps = $4 where workspace_id = $1', [
      workspace,
      stage,
      due_at?.toString() ?? null,
      steps,
    ]);
    const from = announced.stage;
    const further = stage === 'degraded' && from === stage && steps > announced.steps;
    if (stage === from && !further) return;
    const at = Temporal.Instant.compare(valid.start, record.since) > 0 ? valid.start : record.since;
    const why = further ? furtherWords(terms, announced.steps, steps) : WHY.time;
    await announce(connection, { workspace, from, to: stage, at, why, reference: '' });
    await appendAudit(connection, {
      at: now,
      actor: 'system',
      workspace,
      action: 'license.change',
      subject: `workspace:${workspace}`,
      detail: { from, to: stage, steps, since: at.toString() },
    });
  });
}

/** The payment is late for longer than the grace: what goes off now. */
function furtherWords({ degrade }: LicenseTerms, before: number, now: number): string {
  const features = degrade.slice(before, now).flatMap((step) => step.features);
  return `The payment is still open, so these are off too: ${features.join(', ')}.`;
}
