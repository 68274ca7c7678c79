import { MISBEHAVIOURS, type Misbehaviour } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { type Cluster, type FaultedRig, openCluster, openFaultedRig } from './testing/faulted-rig.ts';

/*
 * A server in a process of its own, on a database of its own that is cut off, hangs, is read-only or has no disk left while calls stand
 * at each point of their way, through each entry, with callers who stay and callers who leave. Most of it is waiting, so the faults are
 * tried side by side.
 */

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

interface UnderWay {
  readonly leaves: boolean;
  readonly leave: () => void;
  /** The status, or undefined when the connection ended before one came. */
  readonly done: Promise<number | undefined>;
}

function begin({ server }: FaultedRig, key: string, { path, body, headers, leaves }: Call): UnderWay {
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
  return { leaves, leave: () => left.abort(), done: ask() };
}

async function livesOn(rig: FaultedRig, key: string): Promise<void> {
  const { server } = rig;
  expect(server.unheard).toEqual([]);
  expect(server.lives).toBe(true);
  expect(await server.status('/healthz')).toBe(200);
  await vi.waitUntil(async () => (await server.status('/readyz')) === 200, { timeout: 20_000 });
  const answered = async (): Promise<boolean> => (await begin(rig, key, { ...CHAT, leaves: false }).done) === 200;
  await vi.waitUntil(answered, { timeout: 20_000, interval: 250 });
}

const POINTS = ['before hold', 'after hold', 'mid stream', 'before settle', 'after settle'] as const;

const NO_DISK = `create or replace function public.no_disk() returns trigger language plpgsql as
  $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$`;
const WRITTEN = `select c.oid::regclass::text as name from pg_class c where c.relkind in ('r', 'p') and not c.relispartition
  and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')`;

async function onEveryTable({ owner }: FaultedRig, statement: (table: string) => string): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(WRITTEN);
  for (const { name } of rows) await owner.query(statement(name));
}

interface FaultKind {
  readonly strike: (rig: FaultedRig) => Promise<unknown>;
  readonly heal: (rig: FaultedRig) => Promise<unknown>;
}

const FAULTS: Readonly<Record<string, FaultKind>> = {
  'cut off': { strike: ({ door }) => door.shut(), heal: ({ door }) => door.open() },
  hanging: {
    async strike({ door }) {
      door.jam();
    },
    async heal({ door }) {
      await door.shut();
      await door.open();
    },
  },
  'read-only': {
    async strike({ owner }) {
      await owner.query('alter system set default_transaction_read_only = on');
      await owner.query('select pg_reload_conf()');
    },
    async heal({ owner }) {
      await owner.query('set default_transaction_read_only = off');
      await owner.query('alter system reset default_transaction_read_only');
      await owner.query('select pg_reload_conf()');
    },
  },
  full: {
    async strike(rig) {
      await rig.owner.query(NO_DISK);
      await onEveryTable(
        rig,
        (table) => `create trigger no_disk before insert or update or delete on ${table} execute function public.no_disk()`,
      );
    },
    heal: (rig) => onEveryTable(rig, (table) => `drop trigger no_disk on ${table}`),
  },
};

describe.concurrent.each(Object.entries(FAULTS))('a database that is %s', { timeout: 120_000 }, (_, fault) => {
  let cluster: Cluster;
  let rig: FaultedRig;
  beforeAll(async () => {
    // Of its own: one of the faults is a setting of the whole of it.
    cluster = await openCluster();
    // Long enough for all calls to come to a point together, on a machine that is busy.
    rig = await openFaultedRig(cluster, { call_ms: 4_000 });
  });
  afterAll(async () => {
    await rig[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const inTurn = { concurrent: false };
  it.each(POINTS)('%s: no rejection is left unheard, the server lives and goes on when it is over', inTurn, async (point) => {
    const { server } = rig;
    const key = await rig.workspaceKey();
    server.stopAt(point);
    const calls = CALLS.map((call) => begin(rig, key, call));
    await server.reached(point === 'mid stream' ? 4 : CALLS.length);
    for (const { leaves, leave } of calls) if (leaves) leave();
    await fault.strike(rig);
    server.go();
    const statuses = await Promise.all(calls.map(({ done }) => done));
    await vi.waitUntil(async () => (await server.status('/readyz')) === 503, { timeout: 20_000 });
    // Longer than a settle is tried here.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(statuses.filter((status) => status === 500)).toEqual([]);
    expect(server.unheard).toEqual([]);
    await fault.heal(rig);
    await livesOn(rig, key);
    if (point !== 'mid stream') return;
    // What the callers who left had read could not be booked: the operator is told.
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^purser_background_failures_total\{work="drain"\} [1-9]/m);
  });
});

describe.concurrent('a provider', { timeout: 120_000 }, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it.each(Object.keys(MISBEHAVIOURS) as Misbehaviour[])(
    'that is %s, read by callers who stay and callers who leave, ends nothing',
    async (misbehaviour) => {
      // One that misbehaves is left alone for a while, by every server when it broke its output limit: each meets a rig of its own.
      await using rig = await openFaultedRig(cluster, { misbehaviour });
      const { server, provider } = rig;
      const key = await rig.workspaceKey();
      // On a machine that is busy the time of a call may be over before a provider is asked.
      while (provider.requests.length === 0) {
        const calls = CALLS.map((call) => begin(rig, key, call));
        const all = Promise.all(calls.map(({ done }) => done));
        await Promise.race([all, vi.waitUntil(() => provider.requests.length > 0, { timeout: 50_000 })]);
        for (const { leaves, leave } of calls) if (leaves) leave();
        expect((await all).filter((status) => status === 500)).toEqual([]);
      }
      expect(server.unheard).toEqual([]);
      expect(server.lives).toBe(true);
    },
  );
});
