import type { Pool } from '@purser/database';
import { meterId } from '@purser/meters';

import { workspaceAt } from './workload.ts';

const CHUNK = 2_000;

/** Makes the meters and one large grant for workspaces `from` … `to − 1`, in bulk: the state after their first call. */
export async function seedWorkspaces(pool: Pool, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += CHUNK) {
    const workspaces = Array.from({ length: Math.min(CHUNK, to - start) }, (_, index) => workspaceAt(start + index));
    const rows = workspaces.flatMap((workspace) => workspace.meters.map((spec) => ({ spec, id: meterId(spec) })));
    await pool.query(
      `insert into meters.meter (id, workspace_id, key, unit, class, window_start, window_end)
       select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::meters.class[], $6::timestamptz[], $7::timestamptz[])
       on conflict do nothing`,
      [
        rows.map((row) => row.id),
        rows.map((row) => row.spec.workspace),
        rows.map((row) => row.spec.key),
        rows.map((row) => row.spec.unit),
        rows.map((row) => row.spec.class),
        rows.map((row) => row.spec.window_start.toString()),
        rows.map((row) => row.spec.window_end?.toString() ?? null),
      ],
    );
    await pool.query(
      `insert into meters.panel as p (workspace_id, meters, caps, unreconciled, overrun, used, held, spare)
       select r.workspace_id, array_agg(r.id), array_agg(r.cap), array_agg(0), array_agg(0), array_agg(0), array_agg(0), array_agg(0)
       from (select distinct * from unnest($1::uuid[], $2::uuid[], $3::bigint[])) r (id, workspace_id, cap) group by r.workspace_id
       on conflict (workspace_id) do update set meters = excluded.meters, caps = excluded.caps, unreconciled = excluded.unreconciled,
         overrun = excluded.overrun, used = excluded.used, held = excluded.held, spare = excluded.spare where p.meters = '{}'`,
      [rows.map((row) => row.id), rows.map((row) => row.spec.workspace), rows.map((row) => row.spec.cap ?? 1_000_000_000n)],
    );
    await pool.query(
      `insert into meters.grant (id, workspace_id, meter_id, source, priority, granted_at, amount)
       select gen_random_uuid(), w, m, 'monthly', 20, '2026-11-01', 1000000000 from unnest($1::uuid[], $2::uuid[]) u (w, m)`,
      [
        workspaces.map((workspace) => workspace.id),
        workspaces.map((workspace) => workspace.meters[0] && meterId(workspace.meters[0])),
      ],
    );
  }
}
