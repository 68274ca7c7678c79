import { type Connection, type Pool, transaction, type WorkspaceId } from '@purser/base';
import { creditMovements, type CreditSection, creditSections } from '@purser/ledger';

/** Movements between two checkpoints: what a page reads beyond its own at most. */
const SECTION = 512;
const SECTIONS_AT_ONCE = 16;

interface Checkpoint {
  readonly posting_id: bigint;
  readonly balance: bigint;
  readonly latest_at: Temporal.Instant | null;
}

/** Beyond every posting. */
export const LAST = 2n ** 63n - 1n;

/** Before the first posting there was nothing. */
const BEGINNING: Checkpoint = { posting_id: 0n, balance: 0n, latest_at: null };

/**
 * Writes the checkpoints that are missing, at most `steps_max` times sixteen sections. Whoever looks at a workspace first pays for its
 * history once; who looks again, for what came since. Returns what lies behind the last checkpoint, or undefined when some are still missing.
 */
export async function advanceCheckpoints(pool: Pool, workspace: WorkspaceId, steps_max: number): Promise<Tail | undefined> {
  for (let step = 0; step < steps_max; step++) {
    const { written, tail } = await transaction(pool, (connection) => advance(connection, workspace));
    if (written < SECTIONS_AT_ONCE) return { spent: tail?.spent ?? [] };
  }
  return undefined;
}

/** What was spent behind the last checkpoint, by UTC day. */
export interface Tail {
  readonly spent: CreditSection['spent'];
}

async function advance(
  connection: Connection,
  workspace: WorkspaceId,
): Promise<{ readonly written: number; readonly tail: CreditSection | undefined }> {
  const last = await checkpointBefore(connection, workspace, null);
  const sections = await creditSections(connection, {
    workspace,
    after: last.posting_id,
    size: SECTION,
    sections_max: SECTIONS_AT_ONCE,
  });
  const full = sections.filter(({ rows }) => rows === SECTION);
  const done = { written: full.length, tail: sections.find(({ rows }) => rows < SECTION) };
  if (full.length === 0) return done;
  const checkpoints = accumulate(last, full);
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
  // Another one wrote them a moment ago, and the days with them.
  if (rowCount !== checkpoints.length) return done;
  const days = full.flatMap(({ spent }) => spent);
  await connection.query(
    `insert into wallet.credit_day as d (workspace_id, day, spent)
     select $1, day, sum(spent) from unnest($2::date[], $3::bigint[]) s (day, spent) group by day having sum(spent) <> 0
     on conflict (workspace_id, day) do update set spent = d.spent + excluded.spent`,
    [workspace, days.map(({ day }) => day), days.map(({ credits }) => credits)],
  );
  return done;
}

function accumulate(last: Checkpoint, sections: readonly CreditSection[]): Checkpoint[] {
  let { balance, latest_at } = last;
  return sections.map((section) => {
    balance += section.change;
    if (latest_at === null || Temporal.Instant.compare(section.latest_at, latest_at) > 0) latest_at = section.latest_at;
    return { posting_id: section.last, balance, latest_at };
  });
}

/** The last checkpoint before a posting; null: of all. */
export async function checkpointBefore(
  connection: Connection,
  workspace: WorkspaceId,
  posting_id: bigint | null,
): Promise<Checkpoint> {
  const { rows } = await connection.query<Checkpoint>(
    `select posting_id, balance, latest_at from wallet.checkpoint
     where workspace_id = $1 and posting_id < $2 order by posting_id desc limit 1`,
    [workspace, posting_id ?? LAST],
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
