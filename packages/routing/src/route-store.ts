import { PLATFORM, type Pool, type Queryable, type RoomMigrations, type WorkspaceId } from '@purser/base';

export const routingMigrations: RoomMigrations = { room: 'routing', directory: new URL('../migrations/', import.meta.url) };

/** What is known of one model, for everybody (`PLATFORM`) or for the workspace whose call cost too much. */
export interface RouteRecord {
  readonly model: string;
  readonly workspace: WorkspaceId;
  readonly state: 'proven' | 'closed';
  readonly output_limit: string | null;
  /** How long it stays closed from now on; nothing left: it may be proven again. */
  readonly closed_ms: number;
  readonly times: number;
  readonly why: string;
}

/** Where servers tell one another. */
export interface RouteStore {
  read(): Promise<readonly RouteRecord[]>;
  write(record: RouteRecord): Promise<void>;
}

/** Longer than the longest time for which a workspace is kept off a model. */
const KEPT = '1 day';
const ROWS_MAX = 10_000;

export function routeStore(pool: Pool): RouteStore {
  return {
    async read() {
      const { rows } = await pool.query<RouteRecord>(
        `select model, workspace_id as workspace, state, output_limit, times, why,
           greatest(0, extract(epoch from closed_until - now()) * 1000)::float8 as closed_ms
         from routing.route order by changed_at desc limit ${ROWS_MAX}`,
      );
      return rows;
    },
    async write({ model, workspace, state, output_limit, closed_ms, times, why }) {
      await pool.query(
        `with old as (delete from routing.route where changed_at < now() - interval '${KEPT}' and state = 'closed' and workspace_id <> $2)
         insert into routing.route (model, workspace_id, state, output_limit, closed_until, times, why)
         values ($1, $2, $3, $4, now() + make_interval(secs => $5::float8 / 1000), $6, $7)
         on conflict (model, workspace_id) do update set state = excluded.state, output_limit = excluded.output_limit,
           closed_until = excluded.closed_until, times = excluded.times, why = excluded.why, changed_at = now()`,
        [model, workspace, state, output_limit, closed_ms, times, why],
      );
    },
  };
}

/** A model that was closed for everybody, since the latest change. */
export interface ClosedRoute {
  readonly model: string;
  readonly why: string;
  readonly at: Temporal.Instant;
}

/** The models that were closed within the last hour, for whoever tells the operator. */
export async function closedLately(on: Queryable): Promise<readonly ClosedRoute[]> {
  const { rows } = await on.query<ClosedRoute>(
    `select model, why, changed_at as at from routing.route
     where workspace_id = $1 and state = 'closed' and changed_at > now() - interval '1 hour' order by model`,
    [PLATFORM],
  );
  return rows;
}
