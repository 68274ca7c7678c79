import type pg from 'pg';

/**
 * What a statement of ours takes for granted of its session, set on every connection: the defaults of the server, the database or the
 * role may be others, and an answer must not depend on them. Time-outs of a server meant for web pages would cut a verification off;
 * `synchronous_commit` off would forget what was acknowledged. What decides where writes may go (`default_transaction_read_only`) is left
 * as the operator set it: such a database is away for us.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '60000',
  idle_session_timeout: '0',
  search_path: '"$user", public',
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  xmloption: 'content',
  array_nulls: 'on',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  row_security: 'on',
  check_function_bodies: 'on',
  plan_cache_mode: 'auto',
  jit: 'off',
};

const ANSWER_MS_MAX = 5_000;

const PREPARE = `select ${Object.entries(SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ')},
  set_config('statement_timeout', $1, false),
  case when current_setting('transaction_timeout', true) is not null then set_config('transaction_timeout', '0', false) end,
  case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end,
  pg_is_in_recovery() as stand_by`;

/** A stand-by takes no writes; who is led to one meets what a write would meet there, and the next connection may lead to the primary. */
class StandBy extends Error {
  readonly code = '25006';

  constructor() {
    super('the database is a standby, which is read-only; want the primary');
    this.name = 'StandBy';
  }
}

/** Makes a new connection one that our statements may rely on. `statement_ms_max` 0: no limit. @throws when it leads to a stand-by. */
export async function prepareSession(connection: pg.ClientBase, statement_ms_max: number): Promise<void> {
  const asked = { text: PREPARE, values: [String(statement_ms_max)], query_timeout: ANSWER_MS_MAX };
  const { rows } = await connection.query<{ stand_by: boolean }>(asked);
  if (rows[0]?.stand_by === true) throw new StandBy();
}
