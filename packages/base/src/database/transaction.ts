import type { WorkspaceId } from '../ids.ts';
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
    throw error;
  } finally {
    connection.release(broken);
  }
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
 * One transaction as the application role that row-level security binds, with the workspace set:
 * it sees and writes rows of that workspace alone. Both settings end with the transaction, so a pooled connection leaks nothing.
 */
export async function workspaceTransaction<T>(
  pool: Pool,
  workspace: WorkspaceId,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  return transaction(pool, async (connection) => {
    await connection.query(`select set_config('role', 'purser_app', true), set_config('purser.workspace_id', $1, true)`, [
      workspace,
    ]);
    return work(connection);
  });
}
