import { baseMigrations, migrate, openPool, type Pool } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';
import { TcpProxy } from '@purser/embedded/testing';
import { MISBEHAVIOURS, type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { MIGRATIONS } from './migrations.ts';
import { FaultedServer } from './testing/faulted-server.ts';

/*
 * A server in a process of its own, on a database of its own that is cut off, hangs, is read-only or has no disk left while calls stand
 * at each point of their way, through each entry, with callers who stay and callers who leave.
 */

const ADMIN_TOKEN = 'faulted-admin-token';

interface Call {
  readonly path: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly leaves: boolean;
}

const GENERATE = { path: '/api/ai/generate', body: { operation: 'chat', prompt: 'The harbour opened in 1887.' } };
const EVENTS = { ...GENERATE, headers: { accept: 'text/event-stream' } };
const CHAT = { path: '/v1/chat/completions', body: { model: 'auto', messages: [{ role: 'user', content: 'hello' }] } };
const CHUNKS = { ...CHAT, body: { ...CHAT.body, stream: true } };
const CALLS: readonly Call[] = [GENERATE, EVENTS, CHAT, CHUNKS].flatMap((call) => [
  { ...call, leaves: false },
  { ...call, leaves: true },
]);

let database: Awaited<ReturnType<typeof scratchDatabase>>;
let owner: Pool;
let door: TcpProxy;
let provider: StandIn;
const behaviour: { misbehaviour: Misbehaviour; wait_ms: number } = { misbehaviour: 'honest', wait_ms: 20 };
let server: FaultedServer;
let key: string;

beforeAll(async () => {
  database = await scratchDatabase();
  owner = openPool(database.url);
  await migrate(owner, [baseMigrations, ...MIGRATIONS.slice(1)]);
  door = new TcpProxy(database.url);
  await door.open();
  provider = await startStandIn(behaviour);
  server = await startFaulted();
});

function startFaulted(): Promise<FaultedServer> {
  return FaultedServer.start({
    DATABASE_URL: door.url,
    PURSER_ADMIN_TOKEN: ADMIN_TOKEN,
    PURSER_CALL_TIMEOUT_MS: '2000',
    OPENAI_API_KEY: 'sk-test-0123456789',
    OPENAI_BASE_URL: provider.openai_url,
  });
}

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider.close();
  await door.shut();
  await owner.end();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  behaviour.misbehaviour = 'honest';
  const made = await fetch(`${server.url}/api/admin/workspaces`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Test',
      plan: 'BUSINESS',
      overrides: { concurrency: 100, rate: { rps: 1_000, rpm: 10_000, burst: 1_000 } },
    }),
  });
  const text = await made.text();
  expect(made.status, text).toBe(201);
  key = (JSON.parse(text) as { key: string }).key;
});

interface UnderWay {
  readonly leave: () => void;
  /** The status, or undefined when the connection ended before one came. */
  readonly done: Promise<number | undefined>;
}

function begin({ path, body, headers }: Call): UnderWay {
  const left = new AbortController();
  const ask = async (): Promise<number | undefined> => {
    try {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: left.signal,
      });
      await response.text();
      return response.status;
    } catch {
      return undefined;
    }
  };
  return { leave: () => left.abort(), done: ask() };
}

async function livesOn(): Promise<void> {
  expect(server.unheard).toEqual([]);
  expect(server.lives).toBe(true);
  expect(await server.status('/healthz')).toBe(200);
  await expect.poll(() => server.status('/readyz'), { timeout: 20_000 }).toBe(200);
  await expect.poll(() => begin({ ...CHAT, leaves: false }).done, { timeout: 20_000, interval: 500 }).toBe(200);
}

const POINTS = ['before hold', 'after hold', 'mid stream', 'before settle', 'after settle'] as const;

const NO_DISK = `create or replace function public.no_disk() returns trigger language plpgsql as
  $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$`;
const WRITTEN = `select c.oid::regclass::text as name from pg_class c where c.relkind in ('r', 'p') and not c.relispartition
  and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')`;

async function onEveryTable(statement: (table: string) => string): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(WRITTEN);
  for (const { name } of rows) await owner.query(statement(name));
}

const FAULTS: Readonly<Record<string, { strike: () => Promise<unknown>; heal: () => Promise<unknown> }>> = {
  'cut off': { strike: () => door.shut(), heal: () => door.open() },
  hanging: {
    async strike() {
      door.jam();
    },
    async heal() {
      await door.shut();
      await door.open();
    },
  },
  'read-only': {
    async strike() {
      await owner.query('alter system set default_transaction_read_only = on');
      await owner.query('select pg_reload_conf()');
    },
    async heal() {
      await owner.query('set default_transaction_read_only = off');
      await owner.query('alter system reset default_transaction_read_only');
      await owner.query('select pg_reload_conf()');
    },
  },
  full: {
    async strike() {
      await owner.query(NO_DISK);
      await onEveryTable(
        (table) => `create trigger no_disk before insert or update or delete on ${table} execute function public.no_disk()`,
      );
    },
    heal: () => onEveryTable((table) => `drop trigger no_disk on ${table}`),
  },
};

describe.each(Object.keys(FAULTS))('a database that is %s', { timeout: 120_000 }, (name) => {
  it.each(POINTS)('%s: no rejection is left unheard, the server lives and goes on when it is over', async (point) => {
    const fault = FAULTS[name];
    server.stopAt(point);
    const calls = CALLS.map((call) => ({ ...call, ...begin(call) }));
    await server.reached(point === 'mid stream' ? 4 : CALLS.length);
    for (const { leaves, leave } of calls) if (leaves) leave();
    await fault?.strike();
    server.go();
    const statuses = await Promise.all(calls.map(({ done }) => done));
    await expect.poll(() => server.status('/readyz'), { timeout: 20_000 }).toBe(503);
    // Longer than a settle is tried here.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(statuses.filter((status) => status === 500)).toEqual([]);
    expect(server.unheard).toEqual([]);
    await fault?.heal();
    await livesOn();
    if (point !== 'mid stream') return;
    // What the callers who left had read could not be booked: the operator is told.
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^purser_background_failures_total\{work="drain"\} [1-9]/m);
  });
});

describe('a provider', { timeout: 60_000 }, () => {
  // One that misbehaves is left alone for a while; the next is met by a server that knows nothing of that.
  beforeEach(async () => {
    await server[Symbol.asyncDispose]();
    server = await startFaulted();
  });

  it.each(Object.keys(MISBEHAVIOURS) as Misbehaviour[])(
    'that is %s, read by callers who stay and callers who leave, ends nothing',
    async (misbehaviour) => {
      behaviour.misbehaviour = misbehaviour;
      const seen = provider.requests.length;
      const calls = CALLS.map((call) => ({ ...call, ...begin(call) }));
      const all = Promise.all(calls.map(({ done }) => done));
      // A model that broke its output limit is closed for every server: then nobody is asked.
      await Promise.race([all, vi.waitUntil(() => provider.requests.length > seen, { timeout: 20_000 })]);
      for (const { leaves, leave } of calls) if (leaves) leave();
      const statuses = await all;
      expect(statuses.filter((status) => status === 500)).toEqual([]);
      expect(server.unheard).toEqual([]);
      expect(server.lives).toBe(true);
    },
  );
});
