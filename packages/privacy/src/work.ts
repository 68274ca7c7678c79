import { appendAudit, redact } from '@purser/audit';
import { type Pool, transaction } from '@purser/database';

import { subjectOf } from './begin.ts';
import { type Erasure, type ErasureId, type PrivacyParts } from './erasure.ts';

/** Rows that one statement changes at most: a large workspace is erased in many small transactions. */
const ROWS_MAX = 5_000;
const CLAIM_S = 120;
/** How long calls under way are given before they are looked at again. */
const WAIT_S = 2;
const AGAIN_H = 1;

interface Claimed extends Erasure {
  readonly workspaces: readonly string[];
  readonly texts: readonly string[] | null;
}

/**
 * Works at every erasure that is begun and not done, each as far as it goes; any number of servers may, each claims what it works at.
 * Every step changes nothing where there is nothing left, so one that was cut off is simply done again. Returns how many were finished.
 */
export async function workErasures(parts: PrivacyParts, only?: ErasureId): Promise<number> {
  let done = 0;
  for (;;) {
    const claimed = await claim(parts, only);
    if (!claimed) return done;
    if (!(await workAt(parts, claimed))) continue;
    done += 1;
    if (only !== undefined) return done;
  }
}

async function claim({ pool, clock }: PrivacyParts, only: ErasureId | undefined): Promise<Claimed | undefined> {
  const { rows } = await pool.query<Claimed>(
    `update privacy.erasure e set claimed_until = $1::timestamptz + interval '${CLAIM_S} seconds'
     from (select erasure_id from privacy.erasure
           where (state = 'running' or again_at <= $1) and claimed_until <= $1 and ($2::uuid is null or erasure_id = $2)
           order by claimed_until limit 1 for update skip locked) due
     where e.erasure_id = due.erasure_id
     returning e.erasure_id as id, kind, workspace_id as workspace, person_id as person, workspaces, texts, pseudonym, state, requested_at,
       done_at, rows`,
    [clock.now().toString(), only ?? null],
  );
  return rows[0];
}

/** False: calls of its are still under way, which end first, each with what it really cost. */
async function workAt(parts: PrivacyParts, erasure: Claimed): Promise<boolean> {
  const { pool, clock, doors } = parts;
  await endSessions(parts, erasure);
  if (erasure.kind !== 'person' && (await openHolds(pool, erasure)) > 0n) {
    const soon = clock.now().add({ seconds: WAIT_S }).toString();
    await pool.query('update privacy.erasure set claimed_until = $2 where erasure_id = $1', [erasure.id, soon]);
    return false;
  }
  let rows = 0;
  if (erasure.kind === 'workspace') {
    doors.workspaceErased(erasure.workspace);
    rows += await eraseTables(pool, erasure);
  } else if (erasure.kind === 'person') {
    rows += await eraseAddresses(pool, erasure);
  } else {
    rows += await eraseEndUser(pool, erasure);
  }
  rows += await redactTexts(pool, clock.now(), erasure);
  await finish(parts, erasure, rows);
  return true;
}

/** First of all, so that no further call is begun in them. */
async function endSessions({ doors }: PrivacyParts, { kind, workspace, person, texts }: Claimed): Promise<void> {
  if (kind === 'person') return doors.endSessions(person ?? '');
  if (kind === 'workspace') return doors.endSessionsFor(workspace);
  for (const name of texts ?? []) await doors.endSessionsFor(workspace, name);
}

async function openHolds(pool: Pool, { workspace, requested_at }: Claimed): Promise<bigint> {
  const { rows } = await pool.query<{ open: bigint }>('select meters.open_holds($1, $2) as open', [
    workspace,
    requested_at.toString(),
  ]);
  return rows[0]?.open ?? 0n;
}

/** Each package erases what is its own, a bounded number of rows at a time, until nothing is left. */
const TABLES = ['server', 'jobs', 'notify', 'meters', 'wallet', 'marketplace', 'policy'] as const;

async function eraseTables(pool: Pool, { workspace, pseudonym }: Claimed): Promise<number> {
  let total = 0;
  for (const schema of TABLES) {
    for (;;) {
      const changed = await changedBy(pool, `select ${schema}.erase_workspace($1, $2, ${ROWS_MAX}) as rows`, [
        workspace,
        pseudonym,
      ]);
      total += changed;
      if (changed === 0) break;
    }
  }
  return total;
}

async function eraseAddresses(pool: Pool, { texts }: Claimed): Promise<number> {
  let total = 0;
  for (const email of texts ?? []) total += await changedBy(pool, 'select notify.erase_address($1) as rows', [email]);
  return total;
}

async function eraseEndUser(pool: Pool, { workspace, texts, pseudonym }: Claimed): Promise<number> {
  let total = 0;
  for (const name of texts ?? []) {
    const eraseMeters = (holds: readonly string[]): Promise<number> =>
      changedBy(pool, 'select meters.erase_end_user($1, $2, $3, $4) as rows', [workspace, name, holds, pseudonym]);
    for await (const holds of holdsOf(pool, workspace, name)) total += await eraseMeters(holds);
    total += await eraseMeters([]);
    total += await changedBy(pool, 'select notify.erase_end_user($1, $2) as rows', [workspace, name]);
    total += await changedBy(pool, 'select wallet.erase_end_user($1, $2) as rows', [workspace, name]);
  }
  return total;
}

/** The calls made for an end user, found among so many attempts at a time. */
async function* holdsOf(pool: Pool, workspace: string, name: string): AsyncGenerator<readonly string[]> {
  for (let after = 0n; ;) {
    const { rows } = await pool.query<{ holds: string[]; through: bigint | null }>(
      `select holds, through from ledger.holds_of_user($1, $2, $3, ${ROWS_MAX})`,
      [workspace, name, after],
    );
    const { holds = [], through = null } = rows[0] ?? {};
    if (holds.length > 0) yield holds;
    if (through === null) return;
    after = through;
  }
}

async function changedBy(pool: Pool, statement: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await pool.query<{ rows: number }>(statement, [...values]);
  return rows[0]?.rows ?? 0;
}

/** Rows that were being sealed or written meanwhile are found the next time round. */
async function redactTexts(
  pool: Pool,
  now: Temporal.Instant,
  { id, kind, workspace, workspaces, texts, pseudonym }: Claimed,
): Promise<number> {
  if (texts !== null && texts.length === 0) return 0;
  const places = kind === 'person' ? [...workspaces, null] : [workspace];
  let total = 0;
  for (const place of places) {
    for (;;) {
      const changed = await redact(pool, now, { erasure_id: id, workspace: place, texts, pseudonym });
      total += changed;
      if (changed === 0) break;
    }
  }
  return total;
}

async function finish({ pool, clock }: PrivacyParts, erasure: Claimed, changed: number): Promise<void> {
  const now = clock.now();
  await transaction(pool, async (connection) => {
    // A workspace is looked at once more: what a call that was given up brought late is in its books by then.
    await connection.query(
      `update privacy.erasure set rows = rows + $2, claimed_until = '-infinity', texts = null, state = 'done', done_at = coalesce(done_at, $3),
         again_at = case when state = 'running' and kind = 'workspace' then $3::timestamptz + interval '${AGAIN_H} hour' end
       where erasure_id = $1`,
      [erasure.id, changed, now.toString()],
    );
    if (erasure.state === 'done') return;
    await appendAudit(connection, {
      at: now,
      actor: 'system',
      workspace: erasure.kind === 'person' ? null : erasure.workspace,
      action: `${erasure.kind}.erased`,
      subject: subjectOf(erasure),
      detail: { erasure: erasure.id, pseudonym: erasure.pseudonym, rows: changed },
    });
  });
}
