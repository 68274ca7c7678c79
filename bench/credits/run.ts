import { isRefusal, systemClock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Workspace } from '@purser/identity';
import { Meters, openGrants } from '@purser/meters';
import { effectivePolicy } from '@purser/policy';
import { startServer } from '@purser/server';
import { creditForecaster, statementPage } from '@purser/wallet';

import { scratchGiven } from '../given.ts';
import { cpuOfTree } from '../processes.ts';
import { heading, machine, ms, percentile, table } from '../report.ts';

const WORKSPACES = 200;
const ASKED = 400;
const CHUNK = 500_000;
/** Of all postings, those of the one workspace that is asked most. */
const HEAVY_SHARE = 0.1;
const DAYS = 60;

/** What customers look at, usage and statement, with ten million postings in the books. */
export async function benchCredits(quick: boolean): Promise<void> {
  const postings = quick ? 500_000 : 10_000_000;
  await using scratch = await scratchGiven(4);
  const { given, pool } = scratch;
  const { catalog } = given;
  const server = await startServer(given);
  const { identity, openPeriod } = server.composition.deps;
  const policyOf = (workspace: Workspace) =>
    effectivePolicy({ workspace, catalog, state: { frozen: false }, now: systemClock.now() });
  const workspaces: Workspace[] = [];
  for (let n = 0; n < WORKSPACES; n++) {
    const created = await identity.createWorkspace({ name: `Customer ${n}`, plan: 'BUSINESS' });
    if (isRefusal(created)) throw new Error(created.detail);
    await openPeriod(policyOf(created.workspace), systemClock.now());
    workspaces.push(created.workspace);
  }
  // Roll-up and sealing of ten million postings at once would be measured instead.
  await server.stop();
  await fill(pool, postings, workspaces);

  const [heavy] = workspaces as [Workspace];
  const any = (n: number): Workspace => workspaces[n % WORKSPACES] as Workspace;
  const some = (n: number) => systemClock.now().subtract({ hours: 24 * (1 + (n % (DAYS - 5))) });
  const meters = new Meters({ pool, clock: systemClock }, pool);
  const statement = async ({ id }: Workspace, to?: Temporal.Instant): Promise<unknown> =>
    statementPage(pool, { workspace: id, to });
  const usage = async (workspace: Workspace): Promise<unknown> => {
    const policy = policyOf(workspace);
    const [, grants] = await Promise.all([meters.read(policy.meters), openGrants(pool, systemClock, workspace.id)]);
    // Another one each time: nothing is kept of the one before.
    return creditForecaster(pool)(policy, grants, systemClock.now());
  };
  const rows = [
    await measure('first look of the workspace with a tenth', 1, async () => statement(heavy)),
    await measure('first look of each other', WORKSPACES - 1, async (n) => statement(any(n + 1))),
    await measure('usage with its forecast', ASKED, async (n) => usage(any(n))),
    await measure('the same of the workspace with a tenth', ASKED, async () => usage(heavy)),
    await measure('statement, newest page', ASKED, async (n) => statement(any(n))),
    await measure('statement up to some day', ASKED, async (n) => statement(any(n), some(n))),
    await measure('the same of the workspace with a tenth', ASKED, async (n) => statement(heavy, some(n))),
  ];
  heading('Usage and statement');
  console.log(
    `${machine()}. ${postings.toLocaleString('en')} postings of ${WORKSPACES} workspaces over ${DAYS} days, a tenth of them of one; one at a time, without HTTP.\n`,
  );
  table(['', 'p50 ms', 'p95 ms', 'max ms', 'CPU ms'], rows);
}

/** Latency and CPU, Postgres included, of work that is done one at a time. */
async function measure(name: string, times: number, one: (n: number) => Promise<unknown>): Promise<string[]> {
  const samples: number[] = [];
  const cpu = cpuOfAll();
  for (let n = 0; n < times; n++) {
    const started = performance.now();
    await one(n);
    samples.push(performance.now() - started);
  }
  const cpu_ms = (cpuOfAll() - cpu) / times;
  samples.sort((a, b) => a - b);
  return [name, ms(percentile(samples, 0.5)), ms(percentile(samples, 0.95)), ms(samples.at(-1) ?? 0), ms(cpu_ms)];
}

function cpuOfAll(): number {
  return [...cpuOfTree(process.pid).values()].reduce((sum, used) => sum + used, 0);
}

/** Two postings a call, in the order of time, workspaces mixed as calls leave them. */
async function fill(pool: Pool, postings: number, workspaces: readonly Workspace[]): Promise<void> {
  for (let done = 0; done < postings; done += CHUNK) {
    await pool.query(
      `insert into ledger.posting (workspace_id, posted_at, hold_id, debit, credit, amount, unit, reported, reported_unit, plan)
       select case when random() < $5 then ($2::uuid[])[1] else ($2::uuid[])[2 + floor(random() * (cardinality($2::uuid[]) - 1))::int] end,
         now() - make_interval(secs => $6 * 86400.0 * (1 - n::double precision / $4)), gen_random_uuid(),
         case when n % 2 = 0 then 'wallet' else 'cost' end, case when n % 2 = 0 then 'spent' else 'payable:acme' end,
         case when n % 2 = 0 then 2 else 13200000 end, case when n % 2 = 0 then 'credit' else 'USD' end,
         case when n % 2 = 0 then null else 12000000 end, case when n % 2 = 0 then null else 'USD' end, 'BUSINESS'
       from generate_series($3::int, $3::int + $1 - 1) n`,
      [Math.min(CHUNK, postings - done), workspaces.map(({ id }) => id), done, postings, HEAVY_SHARE, DAYS],
    );
  }
  await pool.query('vacuum analyze ledger.posting');
}
