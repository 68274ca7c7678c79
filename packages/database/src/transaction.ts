import { assert } from '@purser/core';
import { isUuid, PLATFORM, type WorkspaceId } from '@purser/core';
import type { Connection, Pool } from './pool.ts';

/** Runs `work` in one transaction; a throw rolls everything back. No network call belongs inside. */
export async function transaction<T>(pool: Pool, work: (connection: Connection) => Promise<T>, begin = 'begin'): Promise<T> {
  const connection = await pool.connect();
  let broken: Error | undefined;
  try {
    await connection.query(begin);
    const result = await work(connection);
    await connection.query('commit');
    return result;
  } catch (error) {
    await connection.query('rollback').catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : new Error(String(failure));
    });
    // A primary that was demoted takes no writes for good: the next connection may lead to the one that followed.
    if (isReadOnly(error)) broken ??= error;
    throw error;
  } finally {
    connection.release(broken);
  }
}

function isReadOnly(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === '25006';
}

/** Runs `work` in the transaction that `inside` has open, so that both are done or neither; without it in one of its own. */
export function joinTransaction<T>(
  pool: Pool,
  inside: Connection | undefined,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return inside ? work(inside) : transaction(pool, work);
}

/**
 * One transaction as the role that row-level security binds, with the workspace set: it sees and writes rows of that workspace
 * alone. It runs on the pool's connections for tenants where it has them. Both settings end with it, so a pooled connection
 * leaks nothing; and both come with its beginning, in one message.
 */
export async function workspaceTransaction<T>(
  pool: Pool,
  workspace: WorkspaceId,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  assert(isUuid(workspace) && workspace !== PLATFORM, 'a tenant transaction is of a workspace');
  const begin = `begin; set local role purser_app; set local purser.workspace_id = '${workspace}'`;
  return transaction(pool.tenants ?? pool, work, begin);
}

/** One transaction of a workspace; of the platform, which is no tenant, one without a tenant's role. */
export function transactionOf<T>(pool: Pool, workspace: WorkspaceId, work: (connection: Connection) => Promise<T>): Promise<T> {
  return workspace === PLATFORM ? transaction(pool, work) : workspaceTransaction(pool, workspace, work);
}
