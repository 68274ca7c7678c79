import { type Pool, transaction } from '@purser/database';
import { rollUp } from '@purser/ledger';

const ENTRIES_AT_ONCE = 100_000;
const DAYS = 90;

/** So many workspaces, and entries of their calls over the last 90 days; a few customers make most calls. Each call is a cost and its credits. */
export async function seedTables(
  pool: Pool,
  { workspaces, entries, version }: { readonly workspaces: number; readonly entries: number; readonly version: string },
): Promise<void> {
  await pool.query(
    `insert into identity.workspace (workspace_id, name, external_id, plan, catalogue_version, timezone, anchored_at, license, license_since,
       created_at, changed_at)
     select gen_random_uuid(), (array['Bakery', 'Harbour', 'Mill', 'Garden', 'Clinic', 'School'])[1 + n % 6] || ' ' || n, 'customer-' || n,
       (array['FREE', 'PRO', 'PRO', 'BUSINESS', 'ENTERPRISE'])[1 + n % 5], $2, 'UTC', now() - interval '90 days',
       case when n % 50 = 0 then 'grace' else 'active' end, now() - interval '9 days', now() - n * interval '1 hour', now()
     from generate_series(1, $1) n`,
    [workspaces, version],
  );
  const rounds = Math.ceil(entries / ENTRIES_AT_ONCE);
  for (let round = 0; round < rounds; round += 1) await seedCalls(pool, round, rounds);
  await seedAlerts(pool);
  await pool.query('analyze');
  await rollUp(pool);
  await pool.query('analyze');
}

/** A round is a transaction, and so a step in the order of the books. */
async function seedCalls(pool: Pool, round: number, rounds: number): Promise<void> {
  await transaction(pool, async (connection) => {
    await connection.query(
      `create temp table call on commit drop as
       with id as materialized (select array_agg(workspace_id order by created_at) as ids from identity.workspace),
       at as (select n, now() - interval '${DAYS} days' * ($2::float8 - ($1::float8 + n / $3::float8)) / $2::float8 as at, power(random(), 2) as chance
              from generate_series(1, $3::integer) n)
       select n, at, ids[1 + floor(chance * (array_length(ids, 1) - 1))::integer] as workspace_id, (1000 + random() * 9e6)::bigint as cost,
         (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text || at::text), 1, 3) || '8'
           || substr(md5(at::text), 1, 15))::uuid as hold_id
       from at, id`,
      [round, rounds, ENTRIES_AT_ONCE / 2],
    );
    await connection.query(
      `insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan)
       select workspace_id, at, hold_id, 'cost', 'payable:openai', cost, 'USD', cost, 'EUR', 'PRO' from call
       union all
       select workspace_id, at, hold_id, 'wallet', 'spent', 1 + n % 3, 'credit', null, null, 'PRO' from call`,
    );
    await connection.query(
      `insert into ledger.attempt (workspace_id, hold_id, ordinal, actor, operation, kind, provider, model, started_at, duration_ms, outcome,
         usage, cost, cost_unit)
       select workspace_id, hold_id, 1, 'key:bench', 'chat', 'text', 'openai', 'gpt-5-mini', at, 400 + n % 900,
         case when n % 40 = 0 then 'unavailable' else 'ok' end, '{"input_tokens": 400, "output_tokens": 200}', cost, 'USD'
       from call`,
    );
    await connection.query(
      `insert into audit.entry (workspace_id, at, actor, action, subject, detail)
       select workspace_id, at, 'admin', 'workspace.change', 'workspace:' || workspace_id, '{"before": {}, "after": {}}'
       from call where n % 100 = 0`,
    );
  });
}

/** Twenty thousand that nobody has acknowledged: a bad month. */
async function seedAlerts(pool: Pool): Promise<void> {
  await pool.query(
    `insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, threshold, severity, title, text, for_workspace, raised_at)
     select workspace_id, (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 1000 * n), 12, '0') || '7' || substr(md5(n || s), 1, 3) || '8'
         || substr(md5(s || n), 1, 15))::uuid,
       'threshold', 'tokens_month:' || meter || ' token', date_trunc('month', now()), s, case s when '0.95' then 'critical' else 'warning' end,
       (s::numeric * 100)::integer || ' % of tokens used', 'Tokens of the month are nearly used up.', true, now() - n * interval '1 second'
     from (select workspace_id, meter, row_number() over () as n from identity.workspace, generate_series(1, 4) meter) w,
       unnest(array['0.7', '0.85', '0.95']) s
     limit 20000`,
  );
}
