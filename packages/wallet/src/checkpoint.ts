import type { WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';
import { creditMovements, type CreditSection, creditSections } from '@purser/ledger';

/** Movements between two checkpoints: what a page reads beyond its own at most. */
const SECTION = 128;
const SECTIONS_AT_ONCE = 64;

export interface Checkpoint {
  readonly posting_id: bigint;
  readonly balance: bigint;
  readonly latest_at: Temporal.Instant | null;
}

/** Beyond every posting. */
export const LAST = 2n ** 63n - 1n;

/** Before the first posting there was nothing. */
const BEGINNING: Checkpoint = { posting_id: 0n, balance: 0n, latest_at: null };

/** How far the checkpoints of a workspace go, and what was spent behind the last one, by UTC day. */
export interface Tail {
  readonly last: Checkpoint;
  readonly spent: CreditSection['spent'];
}

/**
 * Writes the checkpoints that are missing, at most `steps_max` times sixty-four sections. Whoever looks at a workspace first pays for its
 * history once; who looks again, for what came since. Not as the workspace: what is counted from them must not be its to write.
 * Undefined: some are still missing.
 */
export async function advanceCheckpoints(pool: Pool, workspace: WorkspaceId, steps_max: number): Promise<Tail | undefined> {
  for (let step = 0; step < steps_max; step++) {
    const done = await transaction(pool, (connection) => advance(connection, workspace));
    if (done !== undefined) return done;
  }
  return undefined;
}

/** One step: undefined when it did not reach the end. */
async function advance(connection: Connection, workspace: WorkspaceId): Promise<Tail | undefined> {
  const last = await checkpointBefore(connection, workspace, LAST);
  const sections = await creditSections(connection, {
    workspace,
    after: last.posting_id,
    size: SECTION,
    sections_max: SECTIONS_AT_ONCE,
  });
  const full = sections.filter(({ rows }) => rows === SECTION);
  const checkpoints = accumulate(last, full);
  if (full.length > 0) await write(connection, workspace, checkpoints, full);
  if (full.length === SECTIONS_AT_ONCE) return undefined;
  return { last: checkpoints.at(-1) ?? last, spent: sections[full.length]?.spent ?? [] };
}

/** The checkpoints and the days of sections; nothing when another one wrote them a moment ago. */
async function write(
  connection: Connection,
  workspace: WorkspaceId,
  checkpoints: readonly Checkpoint[],
  full: readonly CreditSection[],
): Promise<void> {
  const { rowCount } = await connection.query(
    `insert into wallet.checkpoint (workspace_id, posting_id, balance, latest_at)
     select $1, * from unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) on conflict do nothing`,
    [
      workspace,
      checkpoints.map(({ posting_id }) => posting_id),
      checkpoints.map(({ balance }) => balance),
      checkpoints.map(({ latest_at }) => latest_at?.toString()),
    ],
  );
  if (rowCount !== checkpoints.length) return;
  const days = full.flatMap(({ spent }) => spent);
  await connection.query(
    `insert into wallet.credit_day as d (workspace_id, day, spent)
     select $1, day, sum(spent) from unnest($2::date[], $3::bigint[]) s (day, spent) group by day having sum(spent) <> 0
     on conflict (workspace_id, day) do update set spent = d.spent + excluded.spent`,
    [workspace, days.map(({ day }) => day), days.map(({ credits }) => credits)],
  );
}

function accumulate(last: Checkpoint, sections: readonly CreditSection[]): Checkpoint[] {
  let { balance, latest_at } = last;
  return sections.map((section) => {
    balance += section.change;
    if (latest_at === null || Temporal.Instant.compare(section.latest_at, latest_at) > 0) latest_at = section.latest_at;
    return { posting_id: section.last, balance, latest_at };
  });
}

/** The last checkpoint before a posting. */
export async function checkpointBefore(tx: Connection, workspace: WorkspaceId, posting_id: bigint): Promise<Checkpoint> {
  const { rows } = await tx.query<Checkpoint>(
    `select posting_id, balance, latest_at from wallet.checkpoint
     where workspace_id = $1 and posting_id < $2 order by posting_id desc limit 1`,
    [workspace, posting_id],
  );
  return rows[0] ?? BEGINNING;
}

/** The first posting of credits at or after an instant, or one beyond all: what lies before it is the time before. */
export async function firstPostingFrom(connection: Connection, workspace: WorkspaceId, at: Temporal.Instant): Promise<bigint> {
  // The time of checkpoints only grows, so the posting lies behind the last one that has not reached it.
  const { rows } = await connection.query<Pick<Checkpoint, 'posting_id'>>(
    `select posting_id from wallet.checkpoint where workspace_id = $1 and latest_at < $2 order by posting_id desc limit 1`,
    [workspace, at.toString()],
  );
  const span = { workspace, after: rows[0]?.posting_id ?? 0n, before: LAST };
  const [first] = await creditMovements(connection, span, { order: 'oldest', limit: 1, from: at });
  return first?.id ?? LAST;
}
