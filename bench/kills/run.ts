import { setTimeout as sleep } from 'node:timers/promises';

import { openPool } from '@purser/database';
import { scratchFolder, startEmbedded } from '@purser/embedded';

import { heading, machine, table } from '../report.ts';
import { roomyCatalog } from '../roomy-catalog.ts';
import { accountOf } from './account.ts';
import { type Callers, startCallers } from './callers.ts';
import { KillableServer } from './servers.ts';
import { startBillingUpstream } from './upstream.ts';

const ADMIN_TOKEN = 'bench-admin-token-of-forty-characters-00';
const SERVERS = 3;
const CALLERS = 48;
/** One kill in so many is of Postgres, the others of a server. */
const OF_POSTGRES = 10;
/** The embedded database starts itself again a few times in short order; then it wants a start of its own. */
const RESTARTS = 4;
/** A hold outlives its call by its limits and half a minute; then it is swept. */
const EXPIRY_TIMEOUT_MS = 240_000;

/**
 * Kills servers and Postgres under load, and then holds every acknowledged answer and every request that the provider bills against the
 * books. @throws Error when anything was lost, booked twice, or booked at another cost than the provider's.
 */
export async function benchKills(quick: boolean): Promise<void> {
  const kills = quick ? 60 : 1000;
  await using opened = new AsyncDisposableStack();
  const { folder } = opened.use(await scratchFolder());
  let database = await startEmbedded({ dataDir: folder });
  opened.defer(() => database.stop());
  const upstream = await startBillingUpstream();
  opened.defer(() => upstream.close());
  const environment = {
    DATABASE_URL: database.url,
    PURSER_ADMIN_TOKEN: ADMIN_TOKEN,
    PURSER_DATA: `${folder}/server`,
    PURSER_LOG_LEVEL: 'fatal',
    PURSER_CALL_TIMEOUT_MS: '10000',
    OPENAI_API_KEY: 'bench',
    OPENAI_BASE_URL: upstream.url,
    PURSER_CATALOG: await roomyCatalog(folder),
  };
  const servers: KillableServer[] = [];
  for (let number = 0; number < SERVERS; number += 1) {
    const server = await KillableServer.start(environment);
    servers.push(server);
    opened.defer(() => server.stop());
  }
  const [first] = servers;
  if (first === undefined) throw new Error('no server');
  const keys = await workspaces(first.origin);
  const callers = startCallers(CALLERS, () => servers.map(({ origin }) => origin), keys);
  let of_postgres = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    await sleep(50 + ((kill * 131) % 400));
    if (kill % OF_POSTGRES === 0) {
      of_postgres += 1;
      process.kill(database.pid(), 'SIGKILL');
      await sleep(1_000);
      if (of_postgres % RESTARTS === 0) {
        await database.stop();
        database = await startEmbedded({ dataDir: folder });
      }
    } else {
      await servers[kill % SERVERS]?.kill();
    }
    if (kill % 100 === 0) console.error(`${kill} kills, ${callers.acknowledged.length} answers`);
  }
  await callers.stop();
  await quiet(first.origin);
  const pool = openPool(database.url, { connections_max: 2 });
  opened.defer(() => pool.end());
  const account = await accountOf(pool, upstream.billed, callers.acknowledged);
  const verified = await booksOf(first.origin);
  const unasked = servers.reduce((sum, server) => sum + server.unasked, 0);
  report({ kills, of_postgres, callers, requests: upstream.billed.size, account, verified, unasked });
}

/** The same ceiling for all, wide enough that most calls are admitted. */
async function workspaces(origin: string): Promise<string[]> {
  const keys: string[] = [];
  for (let number = 0; number < 6; number += 1) {
    const made = await asAdmin(origin, '/api/admin/workspaces', {
      name: `Killed ${number}`,
      plan: 'BUSINESS',
      overrides: {
        ceiling: { amount: '100000', currency: 'USD' },
        concurrency: 1_000,
        credits_monthly: 10_000_000,
        quotas: { tokens_month: 1_000_000_000_000, jobs_month: 1_000_000_000 },
        rate: { rps: 100_000, rpm: 6_000_000, burst: 100_000 },
        accepted_loss: { reason: 'a bench is not sold' },
      },
    });
    keys.push((made as { key: string }).key);
  }
  return keys;
}

/** Until every hold has ended by itself. */
async function quiet(origin: string): Promise<void> {
  const until = performance.now() + EXPIRY_TIMEOUT_MS;
  while ((await booksOf(origin)).open_holds > 0) {
    if (performance.now() > until) throw new Error('some holds are still open, long after they should have expired');
    await sleep(2_000);
  }
}

interface Books {
  readonly balanced: boolean;
  readonly open_holds: number;
  readonly mismatches: readonly unknown[];
}

async function booksOf(origin: string): Promise<Books> {
  return (await asAdmin(origin, '/api/admin/ledger/verify')) as Books;
}

async function asAdmin(origin: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(origin + path, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

function report(seen: {
  readonly kills: number;
  readonly of_postgres: number;
  readonly callers: Callers;
  readonly requests: number;
  readonly account: Awaited<ReturnType<typeof accountOf>>;
  readonly verified: Books;
  readonly unasked: number;
}): void {
  const { account, callers, verified } = seen;
  const usd = (nanos: bigint): string => (Number(nanos) / 1e9).toFixed(6);
  heading('Kills');
  console.log(`${machine()}. ${SERVERS} servers on one Postgres, ${CALLERS} callers, a provider that keeps its own account.\n`);
  table(
    ['', ''],
    [
      ['kills, of Postgres among them', `${seen.kills}, ${seen.of_postgres}`],
      ['answers that callers had whole', callers.acknowledged.length],
      ['outcomes', [...callers.outcomes].map(([outcome, count]) => `${outcome}: ${count}`).join(', ')],
      ['requests the provider bills', seen.requests],
      ['billed / booked / unresolved, USD', `${usd(account.billed)} / ${usd(account.booked)} / ${usd(account.unresolved)}`],
      ['answers lost', account.lost],
      ['requests booked twice', account.doubled],
      ['requests booked at another cost', account.wrong],
      ['requests billed and covered by nothing', account.uncovered],
      ['keys answered differently a second time', callers.differing.length],
      ['servers that ended unasked', seen.unasked],
      ['books', verified.balanced && verified.mismatches.length === 0 ? 'balanced, no mismatch' : 'BROKEN'],
    ],
  );
  const faults = account.lost + account.doubled + account.wrong + account.uncovered + callers.differing.length + seen.unasked;
  if (faults > 0 || !verified.balanced || verified.mismatches.length > 0) throw new Error('the kills left something wrong');
}
