import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, workspaceTransaction } from '@purser/database';
import {
  creditChange,
  type CreditMovement,
  creditMovements,
  type MovementSpan,
  type Page,
  pageSize,
  parseCursor,
  toPage,
} from '@purser/ledger';

import { advanceCheckpoints, type Checkpoint, checkpointBefore, firstPostingFrom, LAST } from './checkpoint.ts';

/** One movement of a workspace's credits, and what it had after it, held ones included. */
export interface StatementLine extends CreditMovement {
  readonly balance: bigint;
}

export interface StatementQuestion {
  readonly workspace: WorkspaceId;
  /** Half open: what was posted in [from, to). */
  readonly from?: Temporal.Instant | undefined;
  readonly to?: Temporal.Instant | undefined;
}

/** A history of a million movements is a hundred and twenty steps of 8,192. */
const STEPS_MAX = 10_000;

/**
 * A page of the statement, newest first. Every line's balance is that of the line below it plus its change, down to zero before
 * the first: it is counted from the books, never kept beside them. Refuses a cursor that is not one of ours.
 */
export async function statementPage(
  pool: Pool,
  question: StatementQuestion & { readonly cursor?: string | null | undefined; readonly limit?: number | undefined },
): Promise<Page<StatementLine> | Refusal> {
  const { workspace } = question;
  const cursor = parseCursor(question.cursor);
  if (isRefusal(cursor)) return cursor;
  const size = pageSize(question.limit);
  const tail = await advanceCheckpoints(pool, workspace, STEPS_MAX);
  return workspaceTransaction(pool, workspace, async (connection) => {
    const span = await spanOf(connection, question);
    const before = cursor.id < span.before ? cursor.id : span.before;
    const movements = await creditMovements(connection, { ...span, before }, { order: 'newest', limit: size + 1 });
    const { rows, next } = toPage(movements, size);
    const oldest = rows.at(-1);
    if (oldest === undefined) return { rows: [], next: null };
    const lines = withBalances(rows.toReversed(), await balanceBefore(connection, workspace, oldest.id, tail?.last));
    return { rows: lines.toReversed(), next };
  });
}

const CHUNK = 1_000;

/** The whole statement of a time, oldest first, some lines at a time. */
export async function* wholeStatement(pool: Pool, question: StatementQuestion): AsyncGenerator<readonly StatementLine[]> {
  const { workspace } = question;
  const tail = await advanceCheckpoints(pool, workspace, STEPS_MAX);
  let last: StatementLine | undefined;
  for (;;) {
    const lines = await workspaceTransaction(pool, workspace, async (connection) => {
      const span = await spanOf(connection, question);
      const after = last?.id ?? span.after;
      const movements = await creditMovements(connection, { ...span, after }, { order: 'oldest', limit: CHUNK });
      const [first] = movements;
      if (first === undefined) return [];
      return withBalances(movements, last?.balance ?? (await balanceBefore(connection, workspace, first.id, tail?.last)));
    });
    if (lines.length === 0) return;
    yield lines;
    last = lines.at(-1);
    if (lines.length < CHUNK) return;
  }
}

/** A time is cut where its first posting lies, so the statements of times that follow one another follow one another too. */
async function spanOf(connection: Connection, { workspace, from, to }: StatementQuestion): Promise<MovementSpan> {
  return {
    workspace,
    after: from === undefined ? 0n : (await firstPostingFrom(connection, workspace, from)) - 1n,
    before: to === undefined ? LAST : await firstPostingFrom(connection, workspace, to),
  };
}

/** What the workspace had before a posting: counted from the last checkpoint before it, which may be the last of all. */
async function balanceBefore(
  connection: Connection,
  workspace: WorkspaceId,
  posting: bigint,
  last: Checkpoint | undefined,
): Promise<bigint> {
  const checkpoint =
    last !== undefined && last.posting_id < posting ? last : await checkpointBefore(connection, workspace, posting);
  const change = await creditChange(connection, { workspace, after: checkpoint.posting_id, before: posting });
  return checkpoint.balance + change;
}

function withBalances(oldestFirst: readonly CreditMovement[], balance: bigint): StatementLine[] {
  return oldestFirst.map((movement) => ({ ...movement, balance: (balance += movement.change) }));
}
