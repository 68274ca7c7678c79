import pg from 'pg';

import { Fault } from '@purser/core';
import { isTransientDatabaseError } from './pool.ts';

const VERSION_MIN = 15;
const ANSWER_MS_MAX = 5_000;
const PROTOCOL_VIOLATION = '08P01';

const SHARED =
  'a pooler answers that shares sessions between clients (PgBouncer with pool_mode = transaction or statement). Purser has its own pool ' +
  'and needs sessions of its own: connect to PostgreSQL itself, or to a pooler with pool_mode = session';

/**
 * Whether the database behind an address is one that Purser works on, looked at before anything is done there.
 * @throws Fault in one line that says what answers there and what is wanted; retryable when nothing does.
 */
export async function examineDatabase(url: string): Promise<void> {
  const first = client(url);
  const second = client(url);
  try {
    await first.connect();
    const { rows } = await first.query<{ version: number; encoding: string; stand_by: boolean; pid: number }>(
      `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
         pg_is_in_recovery() as stand_by, pg_backend_pid() as pid`,
    );
    const [found] = rows;
    if (found === undefined) throw refusal('it does not answer a query');
    const version = Math.trunc(found.version / 10_000);
    if (version < VERSION_MIN) throw refusal(`it is PostgreSQL ${version}; want ${VERSION_MIN} or newer`);
    if (found.encoding !== 'UTF8') throw refusal(`its encoding is ${found.encoding}; want one made with encoding 'UTF8'`);
    if (found.stand_by) throw refusal('it is a standby, which is read-only; want the address of the primary');
    // Who connects directly was told the number of the process that answers. A pooler tells its own.
    const direct = (first as unknown as { processID?: number }).processID === found.pid;
    if (!direct && (await sharesSessions(first, second, found.pid))) throw refusal(SHARED);
  } catch (error) {
    throw error instanceof Fault ? error : awayFault(url, error);
  } finally {
    await Promise.all([first.end(), second.end()].map((ended) => ended.catch(() => {})));
  }
}

/** Whether two clients of a pooler meet the same session, or one client meets two. */
async function sharesSessions(first: pg.Client, second: pg.Client, met: number): Promise<boolean> {
  await second.connect();
  try {
    await second.query('begin');
  } catch (error) {
    // Where a pooler lends a session for one statement, it takes no transactions.
    if (error instanceof Error && 'code' in error && error.code === PROTOCOL_VIOLATION) return true;
    throw error;
  }
  return (await sessionOf(second)) === met || (await sessionOf(first)) !== met;
}

async function sessionOf(one: pg.Client): Promise<number | undefined> {
  const { rows } = await one.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}

function client(url: string): pg.Client {
  const made = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    application_name: 'purser-start',
  });
  made.on('error', () => {});
  return made;
}

function refusal(what: string): Fault {
  return new Fault(`DATABASE_URL: the database there cannot be used: ${what}`, { retryable: false });
}

/** One line about why a database does not answer; of its address no more than the host and port. */
function awayFault(url: string, error: unknown): Fault {
  const reason = error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error);
  return new Fault(`DATABASE_URL: the database at ${hostOf(url)} does not answer: ${reason}`, {
    retryable: isTransientDatabaseError(error),
    cause: error,
  });
}

function hostOf(url: string): string {
  if (!URL.canParse(url)) return 'its address';
  const { host, searchParams } = new URL(url);
  return searchParams.get('host') ?? host;
}
