import pg from 'pg';

import { Fault } from '@purser/core';
import { prepareSession } from './session.ts';
import { instantOfPostgres } from './instant-of-postgres.ts';

export interface Pool extends pg.Pool {
  /** What is one workspace's goes over these connections: they are logged in as `purser_app`, and can become nothing else. */
  readonly tenants?: pg.Pool;
}
/** A pool or one connection of it: whatever can run a query. */
export type Queryable = pg.Pool | pg.PoolClient;
export type Connection = pg.PoolClient;

const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, BigInt);
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, instantOfPostgres);

const KEEP_ALIVE_MS = 10_000;

/**
 * A bounded pool. `bigint` columns arrive as `bigint`, `timestamptz` as `Temporal.Instant`.
 * A caller that gets no connection within `connect_timeout_ms`, or no answer within `query_timeout_ms` (unlimited when absent), meets
 * a retryable fault; its connection is given up. A transaction whose process stopped half way frees its locks after a minute.
 * Each connection has the settings of `prepareSession`, whatever the server's own are.
 */
export function openPool(
  url: string,
  options: {
    connections_max?: number;
    connect_timeout_ms?: number;
    query_timeout_ms?: number;
    application?: string;
    tenants?: pg.Pool;
  } = {},
): Pool {
  // The pool waits for what it answers, which its types do not say.
  const prepare = (connection: pg.ClientBase): unknown => prepareSession(connection, options.query_timeout_ms ?? 0);
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections_max ?? 4,
    connectionTimeoutMillis: options.connect_timeout_ms ?? 5_000,
    ...(options.query_timeout_ms !== undefined && { query_timeout: options.query_timeout_ms }),
    // A peer that vanished without a word (a machine that lost its power) is noticed while nothing is asked of it.
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    onConnect: prepare,
    application_name: options.application ?? 'purser',
    types,
  });
  // An idle connection that dies (a restart of Postgres) is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {});
  // So would one that dies while it is in use: its statement fails with the same error, and there it is handled.
  pool.on('connect', (connection) => connection.on('error', () => {}));
  return options.tenants ? Object.assign(pool, { tenants: options.tenants }) : pool;
}

/**
 * Classes of SQLSTATE that pass by themselves, or when an operator has seen to them: connections (08), a transaction that lost against
 * another (40), memory, disk or connections used up (53), an operator who intervenes, or a limit of time (57), the operating system (58).
 */
const PASSING_CLASSES = new Set(['08', '40', '53', '57', '58']);

/** What passes of other classes: read-only, as a primary that was demoted; limits of time within a transaction; a lock not had in time. */
const PASSING_STATES = new Set(['25006', '25P03', '25P04', '55P03']);

/** What does not pass though its class does: a constraint checked at the commit, a database or a file that is gone. */
const LASTING_STATES = new Set(['40002', '57P04', '58P01', '58P02']);

/** The network, the socket of a server that is not there, and what this process has used up. */
const PASSING_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'ENFILE',
]);

/** A connection that was cut, a pool that gave none in time, a database closed for maintenance: these have no code of their own. */
const AWAY =
  /terminat|not queryable|timeout expired|timeout exceeded when trying to connect|query read timeout|not currently accepting connections/i;

/** Whether the same statement may succeed when it is tried again: a lost race, a database that is away, read-only, full or overloaded. */
export function isTransientDatabaseError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (PASSING_SYSTEM.has(code) || PASSING_STATES.has(code)) return true;
  if (code.length === 5 && PASSING_CLASSES.has(code.slice(0, 2))) return !LASTING_STATES.has(code);
  return AWAY.test(error.message);
}

export function databaseFault(error: unknown): Fault {
  return new Fault('the database did not answer', { retryable: isTransientDatabaseError(error), cause: error });
}
