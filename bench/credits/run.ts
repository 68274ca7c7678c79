import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createLog, migrate, openPool, parseSettings, type Pool, startEmbedded, systemClock } from '@purser/base';
import { provenCatalogue, ROOMS, type RunningServer, startServer } from '@purser/server';

import { heading, machine, ms, percentile, table } from '../report.ts';

const ADMIN_TOKEN = 'bench-admin-token-of-forty-characters-00';
const WORKSPACES = 200;
const ASKED = 400;
const CHUNK = 500_000;
/** Of all postings, those of the one workspace that is asked most. */
const HEAVY_SHARE = 0.1;
const DAYS = 60;

interface Customer {
  readonly id: string;
  readonly key: string;
}

/** What customers look at, usage and statement, with ten million postings in the books. */
export async function benchCredits(quick: boolean): Promise<void> {
  const postings = quick ? 500_000 : 10_000_000;
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-bench-'));
  opened.defer(async () => rm(folder, { recursive: true, force: true }));
  // Open to the user who serves the database, or it would be kept elsewhere and outlive this run.
  await chmod(folder, 0o755);
  const database = await startEmbedded({ dataDir: folder });
  opened.defer(async () => database.stop());
  const pool = openPool(database.url, { connections_max: 2 });
  opened.defer(async () => pool.end());
  await migrate(pool, ROOMS);
  const settings = { ...parseSettings({}), port: 0 };
  const log = createLog({ level: 'error' });
  const catalogue = await provenCatalogue(settings, systemClock.now(), log);
  const server = await startServer({ settings, database_url: database.url, admin_token: ADMIN_TOKEN, catalogue, log });
  opened.defer(async () => server.stop());
  const customers = await createCustomers(server);
  for (const { key } of customers) await ask(server, '/api/usage', key);
  await fill(pool, postings, customers);

  heading('Usage and statement');
  console.log(
    `${machine()}. ${postings.toLocaleString('en')} postings of ${WORKSPACES} workspaces over ${DAYS} days, a tenth of them of one; by HTTP, one at a time.\n`,
  );
  const [heavy] = customers as [Customer];
  const all = (n: number): Customer => customers[n % WORKSPACES] as Customer;
  const day = (n: number): string => new Date(Date.now() - (1 + (n % (DAYS - 5))) * 86_400_000).toISOString().slice(0, 10);
  const rows: [string, string, string, string][] = [];
  const measure = async (name: string, times: number, one: (n: number) => [string, string]): Promise<void> => {
    const samples: number[] = [];
    for (let n = 0; n < times; n++) {
      const [url, key] = one(n);
      const started = performance.now();
      await ask(server, url, key);
      samples.push(performance.now() - started);
    }
    samples.sort((a, b) => a - b);
    rows.push([name, ms(percentile(samples, 0.5)), ms(percentile(samples, 0.95)), ms(samples.at(-1) ?? 0)]);
  };
  await measure('first look of the workspace with a tenth', 1, () => ['/api/statement', heavy.key]);
  await measure('first look of each other', WORKSPACES - 1, (n) => ['/api/statement', all(n + 1).key]);
  await measure('usage with its forecast', ASKED, (n) => ['/api/usage', all(n).key]);
  await measure('usage of the workspace with a tenth', ASKED, () => ['/api/usage', heavy.key]);
  await measure('statement, newest page', ASKED, (n) => ['/api/statement', all(n).key]);
  await measure('statement up to some day', ASKED, (n) => [`/api/statement?to=${day(n)}`, all(n).key]);
  await measure('the same of the workspace with a tenth', ASKED, (n) => [`/api/statement?to=${day(n)}`, heavy.key]);
  table(['', 'p50 ms', 'p95 ms', 'max ms'], rows);
}

async function ask({ address }: RunningServer, url: string, key: string): Promise<void> {
  const answer = await fetch(address + url, { headers: { authorization: `Bearer ${key}` } });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${url} was answered ${answer.status}: ${text}`);
}

async function createCustomers({ composition }: RunningServer): Promise<Customer[]> {
  const customers: Customer[] = [];
  for (let n = 0; n < WORKSPACES; n++) {
    const created = await composition.deps.identity.createWorkspace({ name: `Customer ${n}`, plan: 'BUSINESS' });
    if ('refused' in created) throw new Error(created.detail);
    customers.push({ id: created.workspace.id, key: created.key });
  }
  return customers;
}

/** Two postings a call, in the order of time, workspaces mixed as calls leave them. */
async function fill(pool: Pool, postings: number, customers: readonly Customer[]): Promise<void> {
  for (let done = 0; done < postings; done += CHUNK) {
    await pool.query(
      `insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan)
       select case when random() < $5 then ($2::uuid[])[1] else ($2::uuid[])[2 + floor(random() * (cardinality($2::uuid[]) - 1))::int] end,
         now() - make_interval(secs => $6 * 86400.0 * (1 - n::double precision / $4)), gen_random_uuid(),
         case when n % 2 = 0 then 'wallet' else 'cost' end, case when n % 2 = 0 then 'spent' else 'payable:acme' end,
         case when n % 2 = 0 then 2 else 13200000 end, case when n % 2 = 0 then 'credit' else 'USD' end,
         case when n % 2 = 0 then null else 12000000 end, case when n % 2 = 0 then null else 'USD' end, 'BUSINESS'
       from generate_series($3::int, $3::int + $1 - 1) n`,
      [Math.min(CHUNK, postings - done), customers.map(({ id }) => id), done, postings, HEAVY_SHARE, DAYS],
    );
  }
  await pool.query('vacuum analyze ledger.posting');
}
