import { createHash } from 'node:crypto';

import { type Clock, isRefusal, type Refusal, RefusalError, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transactionOf } from '@purser/database';

import { seal, unseal } from './seal.ts';

/** Who asks for a creation, and under which key. */
export interface OnceRequest {
  readonly workspace: WorkspaceId;
  readonly actor: string;
  /** What the caller presented; answers are sealed under it. */
  readonly credential: string;
  readonly key: string;
  /** Names method, path and body: the same key with another one is a mistake of the caller. */
  readonly request_hash: string;
}

export interface OnceAnswer {
  readonly status: number;
  /** The JSON text. */
  readonly body: string;
  readonly replayed: boolean;
}

interface AnswerRow {
  request_hash: string;
  status: number;
  sealed: Buffer;
}

/**
 * Runs a creation in one transaction with the record of its answer: either both are there or neither. Under a known key the
 * first answer comes again; while that key's first request still runs, the second waits for its outcome on the row's lock.
 * A refusal creates nothing and is not kept, so it can be tried again. What is created is `owner`'s, and within its reach alone.
 */
export async function answerOnce(
  deps: { readonly pool: Pool; readonly clock: Clock },
  owner: WorkspaceId,
  once: OnceRequest | undefined,
  status: number,
  create: (connection: Connection) => Promise<string | Refusal>,
): Promise<OnceAnswer | Refusal> {
  try {
    return await transactionOf(deps.pool, owner, async (connection) => {
      if (once === undefined) return { status, body: await created(connection, create), replayed: false };
      const key_hash = createHash('sha256').update(once.key).digest();
      const claimed = await claim(connection, once, key_hash, status, deps.clock.now());
      if (!claimed) return first(connection, once, key_hash);
      const body = await created(connection, create);
      await connection.query('update server.answer set sealed = $4 where workspace_id = $1 and actor = $2 and key_hash = $3', [
        once.workspace,
        once.actor,
        key_hash,
        seal(body, once.credential, once.key),
      ]);
      return { status, body, replayed: false };
    });
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal;
    throw error;
  }
}

/** A refusal leaves by a throw, so that the transaction takes its claim on the key back. */
async function created(connection: Connection, create: (connection: Connection) => Promise<string | Refusal>): Promise<string> {
  const body = await create(connection);
  if (isRefusal(body)) throw new RefusalError(body);
  return body;
}

async function claim(
  connection: Connection,
  once: OnceRequest,
  key_hash: Buffer,
  status: number,
  now: Temporal.Instant,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into server.answer (workspace_id, actor, key_hash, request_hash, status, sealed, answered_at)
     values ($1, $2, $3, $4, $5, '', $6) on conflict do nothing`,
    [once.workspace, once.actor, key_hash, once.request_hash, status, now.toString()],
  );
  return rowCount === 1;
}

async function first(connection: Connection, once: OnceRequest, key_hash: Buffer): Promise<OnceAnswer | Refusal> {
  const { rows } = await connection.query<AnswerRow>(
    'select request_hash, status, sealed from server.answer where workspace_id = $1 and actor = $2 and key_hash = $3',
    [once.workspace, once.actor, key_hash],
  );
  const row = rows[0];
  if (row === undefined || row.request_hash !== once.request_hash) {
    return refuse(
      'idempotency_mismatch',
      'this Idempotency-Key was used with another request; want a new key for each new request',
    );
  }
  try {
    return { status: row.status, body: unseal(row.sealed, once.credential, once.key), replayed: true };
  } catch {
    return refuse(
      'idempotency_mismatch',
      'this Idempotency-Key was used with another credential, and its answer can be read only with that one',
    );
  }
}
