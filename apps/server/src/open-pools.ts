import { openPool, openRoles, type Pool, type ServingRole } from '@purser/database';
import type { Settings } from '@purser/settings';

const BATCH_TIMEOUT_MS = 10_000;
/** What is asked while a caller waits, and what reports and work in the background may take: then the connection is given up. */
const PROBE_TIMEOUT_MS = 2_000;
const TENANT_TIMEOUT_MS = 60_000;
const WORK_TIMEOUT_MS = 600_000;

export interface Pools {
  /**
   * Batches go one at a time over a connection of their own, so nothing that is read ever stands before them. One that does not come back
   * (a lock that is never freed, a network that swallows answers) is given up, or all would wait behind it.
   */
  readonly holds: Pool;
  /** Everything else; what a tenant reads goes over connections that row-level security binds to it. */
  readonly pool: Pool;
  /** The clock that all servers go by, and the probe for readiness: nothing else stands before them. */
  readonly probes: Pool;
}

/** Nobody here is the owner of a table: each connection is logged in as a role that row-level security binds. */
export async function openPools(
  opened: AsyncDisposableStack,
  database_url: string,
  { database_roles_password }: Settings,
  batch_timeout_ms = BATCH_TIMEOUT_MS,
): Promise<Pools> {
  const roles = await openRoles(database_url, database_roles_password);
  const poolOf = (role: ServingRole, options: Parameters<typeof openPool>[1]): Pool => {
    const pool = openPool(roles[role], options);
    opened.defer(() => pool.end());
    return pool;
  };
  const holds = poolOf('purser_work', { application: 'purser-holds', connections_max: 1, query_timeout_ms: batch_timeout_ms });
  const tenants = poolOf('purser_app', {
    application: 'purser-tenants',
    connections_max: 6,
    query_timeout_ms: TENANT_TIMEOUT_MS,
  });
  const pool = poolOf('purser_work', { application: 'purser', connections_max: 6, query_timeout_ms: WORK_TIMEOUT_MS, tenants });
  const probes = poolOf('purser_work', {
    application: 'purser-probes',
    connections_max: 1,
    connect_timeout_ms: PROBE_TIMEOUT_MS,
    query_timeout_ms: PROBE_TIMEOUT_MS,
  });
  return { holds, pool, probes };
}
