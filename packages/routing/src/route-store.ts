import { PLATFORM, type WorkspaceId } from '@purser/core';
import { toPostgresText, type Pool, type Queryable, type SchemaMigrations, transaction } from '@purser/database';

import { type ClosedReason, isIdle, NOTHING_AGAINST, type OwnClosing, type RouteKey, type RouteRecord } from './route-record.ts';

export const routingMigrations: SchemaMigrations = { schema: 'routing', directory: new URL('../migrations/', import.meta.url) };

type Change = (before: RouteRecord | undefined) => RouteRecord;

/** Where servers share their routes. A change is one read and one write that nothing comes between. */
export interface RouteStore {
  read(): Promise<readonly RouteRecord[]>;
  change(key: RouteKey, change: Change): Promise<RouteRecord>;
}

/** A table has no null in its key. */
const ALL_MODELS = '*';
/** Longer than the longest time for which a workspace is kept off a model. */
const KEPT = '1 day';
const ROWS_MAX = 10_000;
/** Waits go by the clock of the database, which all servers share. */
const COLUMNS = `provider, nullif(model, '${ALL_MODELS}') as model, workspace_id as workspace, state, reason, why, failures, times, overruns, witness,
  greatest(0, extract(epoch from until - clock_timestamp()) * 1000)::float8 as wait_ms, probe, proof, output_limit,
  greatest(0, extract(epoch from clock_timestamp() - failed_at) * 1000)::float8 as age_ms`;

/** A row: of everybody (`PLATFORM`), or of one workspace. */
type Row = Omit<RouteRecord, 'own'> & OwnClosing;

export function routeStore(pool: Pool): RouteStore {
  return {
    async read() {
      const { rows } = await pool.query<Row>(
        `select ${COLUMNS} from routing.route_state
         where workspace_id = '${PLATFORM}' or failed_at > now() - interval '${KEPT}' order by failed_at desc limit ${ROWS_MAX}`,
      );
      return recordsOf(rows);
    },
    change: (key, change) =>
      transaction(pool, async (connection) => {
        const of = [key.provider, key.model ?? ALL_MODELS];
        // Locks the route, whether or not there was a row.
        await connection.query(
          `insert into routing.route_state (provider, model, workspace_id) values ($1, $2, '${PLATFORM}')
           on conflict (provider, model, workspace_id) do update set provider = excluded.provider`,
          of,
        );
        const { rows } = await connection.query<Row>(
          `select ${COLUMNS} from routing.route_state where provider = $1 and model = $2`,
          of,
        );
        const [found] = recordsOf(rows);
        const before = found === undefined || isIdle(found) ? undefined : found;
        const after = change(before);
        if (after !== before || before === undefined) await write(connection, of, before, after);
        return after;
      }),
  };
}

/** Rows of one route belong together. One whose row of everybody was not read says nothing of everybody. */
function recordsOf(rows: readonly Row[]): readonly RouteRecord[] {
  const own = new Map<string, OwnClosing[]>();
  const everybody = new Map<string, Row>();
  for (const row of rows) {
    const { provider, model, state, reason, why, failures, times, wait_ms, probe, workspace, overruns, witness, age_ms } = row;
    const name = `${provider} ${model ?? ALL_MODELS}`;
    if (workspace === PLATFORM) everybody.set(name, row);
    else {
      const one = { state, reason, why, failures, times, wait_ms, probe, workspace, overruns, witness, age_ms };
      const known = own.get(name);
      if (known) known.push(one);
      else own.set(name, [one]);
      if (!everybody.has(name)) everybody.set(name, { ...row, ...NOTHING_AGAINST, proof: null, output_limit: null });
    }
  }
  return [...everybody].map(([name, row]) => {
    const { provider, model, state, reason, why, failures, times, wait_ms, probe, proof, output_limit } = row;
    const closing = { state, reason, why, failures, times, wait_ms, probe };
    return { provider, model, ...closing, proof, output_limit, own: own.get(name) ?? [] };
  });
}

async function write(
  connection: Queryable,
  of: readonly string[],
  before: RouteRecord | undefined,
  after: RouteRecord,
): Promise<void> {
  const changed = after.own.filter((one) => !before?.own.includes(one));
  const gone = (before?.own ?? [])
    .map(({ workspace }) => workspace)
    .filter((id) => !after.own.some((one) => one.workspace === id));
  // The row of everybody stays as long as one of a workspace does: it is what is locked.
  if (isIdle(after)) gone.push(PLATFORM);
  const { own: _, ...everybody } = after;
  const rows = [{ ...everybody, workspace: PLATFORM, overruns: 0, witness: false, age_ms: 0 }, ...changed].map((row) => ({
    ...row,
    why: row.why === null ? null : toPostgresText(row.why),
  }));
  await connection.query(
    `insert into routing.route_state as had
       (provider, model, workspace_id, state, reason, why, failures, times, overruns, witness, until, probe, proof, output_limit, failed_at, closed_at)
     select $1, $2, workspace, state, reason, why, failures, times, overruns, witness,
       clock_timestamp() + make_interval(secs => wait_ms / 1000), probe, proof, output_limit,
       clock_timestamp() - make_interval(secs => age_ms / 1000), case when state <> 'open' then now() end
     from jsonb_to_recordset($3::jsonb) as r (workspace uuid, state text, reason text, why text, failures integer, times integer,
       overruns integer, witness boolean, wait_ms float8, probe text, proof text, output_limit text, age_ms float8)
     on conflict (provider, model, workspace_id) do update set state = excluded.state, reason = excluded.reason, why = excluded.why,
       failures = excluded.failures, times = excluded.times, overruns = excluded.overruns, witness = excluded.witness,
       until = excluded.until, probe = excluded.probe, proof = excluded.proof, output_limit = excluded.output_limit,
       failed_at = excluded.failed_at,
       closed_at = case when excluded.state = 'open' then null
         when had.state = 'open' or had.reason is distinct from excluded.reason or (excluded.state = 'closed' and excluded.reason = 'overrun')
         then now() else had.closed_at end`,
    [...of, JSON.stringify(rows)],
  );
  if (gone.length === 0) return;
  await connection.query(
    'delete from routing.route_state where provider = $1 and model = $2 and workspace_id = any($3::uuid[])',
    [...of, gone],
  );
}

/** A route that closed, and why. */
export interface ClosedRoute extends RouteKey {
  readonly reason: ClosedReason;
  readonly why: string;
  readonly at: Temporal.Instant;
  /** False: for workspaces whose own calls fail, and for nobody else. */
  readonly for_everybody: boolean;
}

/** What closed within the last hour and has not opened since, for whoever tells the operator. */
export async function closedLately(tx: Queryable): Promise<readonly ClosedRoute[]> {
  const { rows } = await tx.query<ClosedRoute & { workspace: WorkspaceId }>(
    `select distinct on (provider, model, reason) provider, nullif(model, '${ALL_MODELS}') as model, reason, why, closed_at as at,
       workspace_id = '${PLATFORM}' as for_everybody
     from routing.route_state
     where state <> 'open' and closed_at > now() - interval '1 hour' and (workspace_id = '${PLATFORM}' or reason <> 'overrun')
     order by provider, model, reason, for_everybody desc, closed_at desc`,
  );
  return rows;
}
