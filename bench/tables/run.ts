import { startServer } from '@purser/server';

import { scratchGiven } from '../given.ts';
import { heading, machine, ms, percentile, table } from '../report.ts';
import { seedTables } from './seed.ts';

const CALLS = 100;
/** What every call of a table has to stay under. */
const P95_MAX_MS = 50;

/** Every call that a table of the page makes, on 2,000 workspaces and 10 million entries. */
export async function benchTables(quick: boolean): Promise<void> {
  const size = { workspaces: 2_000, entries: quick ? 1_000_000 : 10_000_000 };
  await using opened = new AsyncDisposableStack();
  const { given, pool } = opened.use(await scratchGiven(2));
  await seedTables(pool, { ...size, version: given.catalog.version });
  const server = await startServer(given);
  opened.defer(async () => server.stop());

  const busiest = await pool.query<{ id: string; hold: string }>(
    `select workspace_id::text as id, (array_agg(hold_id))[1]::text as hold from (select * from ledger.posting order by xid desc, id desc limit 100000) p
     group by 1 order by count(*) desc limit 1`,
  );
  const { id = '', hold = '' } = busiest.rows[0] ?? {};
  const rows: [string, string, string, string][] = [];
  const others = (
    await pool.query<{ id: string }>(`select workspace_id::text as id from identity.workspace order by random() limit ${CALLS}`)
  ).rows.map((row) => row.id);
  for (const [name, path, workspaces] of calls(id, hold, others)) {
    const took = await measure(server.address, path, given.admin_token, workspaces);
    const p95 = percentile(took, 0.95);
    rows.push([name, `${ms(percentile(took, 0.5))} ms`, `${ms(p95)} ms`, p95 <= P95_MAX_MS ? 'yes' : '**no**']);
  }
  heading('Tables');
  console.log(
    `${machine()}. ${size.workspaces.toLocaleString('en')} workspaces, ${size.entries.toLocaleString('en')} entries over 90 days, 20,000 new alerts; ${CALLS} calls each, one after another, through HTTP.\n`,
  );
  table(['call', 'p50', 'p95', `p95 ≤ ${P95_MAX_MS} ms`], rows);
}

type Call = readonly [name: string, path: string, workspaces?: readonly string[]];

function calls(id: string, hold: string, others: readonly string[]): readonly Call[] {
  const month = '2020-01-01';
  return [
    ['workspaces, newest first', '/api/admin/workspaces?limit=50'],
    ['workspaces by name, with a search', '/api/admin/workspaces?limit=50&sort=name&search=mill'],
    ['workspaces by plan, one license', '/api/admin/workspaces?limit=50&sort=-plan&license=grace'],
    ['margin by plan, this month', '/api/admin/reports/margin/rows?by=plan'],
    ['margin by workspace, this month', '/api/admin/reports/margin/rows?by=workspace&limit=50'],
    ['margin by workspace, by cost, ever', `/api/admin/reports/margin/rows?by=workspace&limit=50&sort=-cost&from=${month}`],
    ['margin, 30 days of it', '/api/admin/reports/margin/trend'],
    ['overview of 30 days', '/api/admin/overview'],
    ['ledger, newest first', '/api/admin/ledger?limit=50'],
    ['ledger of the busiest workspace', `/api/admin/ledger?limit=50&workspace_id=${id}`],
    ['a transaction', `/api/admin/transactions/${hold}`],
    ['audit log, newest first', '/api/admin/audit?limit=50'],
    ['audit log of a workspace', `/api/admin/audit?limit=50&workspace_id=${id}`],
    ['alerts, grouped', '/api/admin/alerts/groups?unseen=1&limit=25'],
    ['alerts, the badge', '/api/admin/alerts/count'],
    ['calls of a workspace', '/api/calls?limit=50', others],
    ['calls of the busiest workspace', '/api/calls?limit=50', [id]],
    ['usage of a workspace, day by day', '/api/usage/daily', others],
    ['usage of the busiest workspace, day by day', '/api/usage/daily', [id]],
    ['statement of a workspace', '/api/statement?limit=50', others],
  ];
}

async function measure(address: string, path: string, token: string, workspaces: readonly string[] = []): Promise<number[]> {
  const took: number[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const workspace = workspaces[call % Math.max(1, workspaces.length)];
    const headers = { authorization: `Bearer ${token}`, ...(workspace && { 'purser-workspace': workspace }) };
    const started = performance.now();
    const response = await fetch(address + path, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
    took.push(performance.now() - started);
  }
  return took.toSorted((a, b) => a - b);
}
