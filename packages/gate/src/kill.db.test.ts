import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { isRefusal } from '@purser/core';
import { verifyPostings } from '@purser/ledger';
import { verifyMeters } from '@purser/meters';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { PausePoint } from './deps.ts';
import { ask, type GateBench, keyed, openGateBench, PRESENT, SHIPS } from './testing.ts';

const FIXTURE = fileURLToPath(new URL('gate-process.fixture.ts', import.meta.url));

let bench: GateBench;
let upstream: StandIn;
const children: ChildProcess[] = [];
beforeAll(async () => {
  bench = await openGateBench();
  // Piece by piece, so that there is a middle of a stream.
  upstream = await startStandIn({ misbehaviour: 'drip', wait_ms: 25 });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await upstream.close();
  await bench.close();
});

type Caller = ReturnType<GateBench['caller']>;
interface Other {
  /** Where its calls stand, and what those that ended were answered. */
  readonly at: string[];
  readonly answered: string[];
  hasSaid(kind: 'at' | 'answered', count: number): Promise<void>;
  readonly gone: Promise<unknown>;
  kill(): Promise<void>;
}

/** Another process with a gate of its own on the same database. */
function startProcess(calls: readonly object[]): Other {
  const orders = {
    database_url: bench.database.url,
    upstream: upstream.openai_url,
    calls: calls.map((call) => ({ point: null, door: 'generate', key: null, times: 1, ...call })),
  };
  const child = spawn(process.execPath, [FIXTURE, JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const gone = once(child, 'exit');
  const said: { at: string[]; answered: string[] } = { at: [], answered: [] };
  const waiting: { kind: 'at' | 'answered'; count: number; resolve: () => void }[] = [];
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as { at: string } | { answered: string };
    if ('at' in line) said.at.push(line.at);
    else said.answered.push(line.answered);
    for (const { kind, count, resolve } of waiting) if (said[kind].length >= count) resolve();
  });
  return {
    ...said,
    gone,
    hasSaid: (kind, count) =>
      new Promise((resolve) => {
        waiting.push({ kind, count, resolve });
        if (said[kind].length >= count) resolve();
      }),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function expectBalanced(): Promise<void> {
  expect(await verifyMeters(bench.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
}

const holdsOf = async ({ workspace }: Caller): Promise<{ id: string; state: string; cost: bigint; reported: bigint }[]> =>
  (
    await bench.database.pool.query<{ id: string; state: string; cost: bigint; reported: bigint }>(
      'select id, state::text, cost, reported from meters.hold where workspace_id = $1',
      [workspace.id],
    )
  ).rows;

/** What is left of a call that was killed there; everywhere else an open hold. */
const LEFT: Partial<Record<PausePoint, readonly string[]>> = { 'before hold': [], 'after settle': ['settled'] };
const DOORS = ['generate', 'stream', 'chat'] as const;
const POINTS: PausePoint[] = ['before hold', 'after hold', 'mid stream', 'before settle', 'after settle'];
const PLACES = POINTS.flatMap((point) => DOORS.map((door) => ({ point, door }))).filter(
  ({ point, door }) => point !== 'mid stream' || door !== 'generate',
);

describe('kill -9 of a server', () => {
  const callers = new Map<string, Caller>();
  const nameOf = ({ point, door }: (typeof PLACES)[number]): string => `${point}, ${door}`;

  beforeAll(async () => {
    const calls = PLACES.map((place) => {
      const caller = bench.caller('PRO');
      callers.set(nameOf(place), caller);
      return { ...place, workspace: caller.workspace, key: nameOf(place) };
    });
    const killed = startProcess(calls);
    await killed.hasSaid('at', PLACES.length);
    expect(killed.at.toSorted()).toEqual(PLACES.map(nameOf).toSorted());
    // Only the OpenAI door answers before its settle is written.
    expect(killed.answered.filter((answer) => answer !== 'whole')).toEqual([]);
    await killed.kill();
  });

  test.for(PLACES)('$point, $door: the hold is there, and nothing is half done', async (place) => {
    const left = await holdsOf(callers.get(nameOf(place)) as Caller);
    expect(left.map(({ state }) => state)).toEqual(LEFT[place.point] ?? ['open']);
  });

  test.for(PLACES)(
    '$point, $door: then credits come back, unresolved cost stays counted, and the key serves once',
    async (place) => {
      const { point, door } = place;
      const caller = callers.get(nameOf(place)) as Caller;
      const left = await holdsOf(caller);
      bench.clock.moveTo(bench.clock.now().add({ minutes: 5 }));
      await bench.meters.sweep();
      await expectBalanced();
      const meters = await bench.metersOf(caller);
      for (const key of ['credits', 'cost', 'tokens', 'jobs', 'concurrency']) expect(meters[key]?.held).toBe(0n);
      const spent = point === 'after settle';
      expect(meters['cost']?.unreconciled).toBe(LEFT[point] ? 0n : left[0]?.reported);
      expect(meters['jobs']?.used).toBe(spent ? 1n : 0n);
      expect((meters['credits']?.used ?? 0n) > 0n).toBe(spent);
      expect((meters['cost']?.used ?? 0n) > 0n).toBe(spent);

      // The caller asks again, elsewhere, under his key.
      expect(await askAgain(caller, nameOf(place), door)).toBe(spent ? 'replayed' : 'served');
      await expectBalanced();
      const after = await bench.metersOf(caller);
      expect(after['jobs']?.used).toBe(1n);
      expect((after['credits']?.used ?? 0n) > 0n).toBe(true);
    },
  );

  async function askAgain(caller: Caller, key: string, door: (typeof DOORS)[number]): Promise<'served' | 'replayed'> {
    const before = (await bench.metersOf(caller))['jobs']?.used ?? 0n;
    const gate = bench.gate(door === 'chat' ? { openai: { api_key: 'test', base_url: upstream.openai_url } } : {});
    if (door === 'chat') {
      const body = { model: 'gpt-4o-mini', stream: true, messages: [{ role: 'user', content: SHIPS }] };
      const answer = await gate.chatCompletions(caller, { body, ...keyed(key, SHIPS) }, PRESENT);
      if (isRefusal(answer) || answer.kind === 'whole') throw new Error('want a stream');
      let text = '';
      for await (const chunk of answer.chunks) text += Buffer.from(chunk).toString();
      expect(text).toContain('[DONE]');
      await gate.settled(2_000);
    } else {
      const answer = await gate.generate(caller, ask(SHIPS, keyed(key, SHIPS)), PRESENT);
      if (isRefusal(answer)) throw new Error(answer.detail);
      expect(answer.output.length).toBeGreaterThan(0);
      expect(answer.replayed).toBe(before === 1n);
    }
    return ((await bench.metersOf(caller))['jobs']?.used ?? 0n) === before ? 'replayed' : 'served';
  }
});

describe('two servers', () => {
  const overrides = {
    ceiling: { amount: '0.53', currency: 'EUR' },
    rate: { rps: 10_000, rpm: 100_000, burst: 10_000 },
    concurrency: 1_000,
  };

  test('limits per process: the cap doubles with two pods — here two processes and this one stay below one ceiling together', async () => {
    const caller = bench.caller('PRO', overrides);
    const { workspace } = caller;
    const others = [startProcess([{ workspace, times: 60 }]), startProcess([{ workspace, times: 60 }])];
    const gate = bench.gate();
    const own = await Promise.all(Array.from({ length: 60 }, () => gate.generate(caller, ask(SHIPS), PRESENT)));
    await Promise.all(others.map(({ gone }) => gone));
    const answers = [
      ...own.map((answer) => (isRefusal(answer) ? answer.code : answer.id)),
      ...others.flatMap(({ answered }) => answered),
    ];
    expect(answers).toHaveLength(180);
    const cost = (await bench.metersOf(caller))['cost'];
    expect(cost?.held).toBe(0n);
    expect((cost?.used ?? 0n) <= (cost?.cap ?? 0n)).toBe(true);
    const served = answers.filter((answer) => answer.includes('-'));
    expect(
      (await holdsOf(caller))
        .filter(({ state }) => state === 'settled')
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(served.toSorted());
    await expectBalanced();
  });

  test('kill -9 of one under load: every answer it gave is in the books, nothing is half done, the other goes on', async () => {
    const caller = bench.caller('PRO', { ...overrides, ceiling: { amount: '13', currency: 'EUR' }, credits_monthly: 100_000 });
    const killed = startProcess([{ workspace: caller.workspace, times: 400 }]);
    const gate = bench.gate();
    const own = Promise.all(Array.from({ length: 40 }, () => gate.generate(caller, ask(SHIPS), PRESENT)));
    await killed.hasSaid('answered', 20);
    await killed.kill();
    for (const answer of await own) expect(isRefusal(answer)).toBe(false);
    const holds = new Map((await holdsOf(caller)).map((hold) => [hold.id, hold]));
    const served = killed.answered.filter((answer) => answer.includes('-'));
    expect(served.length).toBeGreaterThanOrEqual(20);
    for (const id of served) expect(holds.get(id)?.state).toBe('settled');
    bench.clock.moveTo(bench.clock.now().add({ minutes: 5 }));
    await bench.meters.sweep();
    await expectBalanced();
    const unresolved = (await holdsOf(caller))
      .filter(({ state }) => state === 'expired')
      .reduce((sum, hold) => sum + hold.reported, 0n);
    const meters = await bench.metersOf(caller);
    expect(meters['cost']).toMatchObject({ held: 0n, unreconciled: unresolved });
    expect(meters['concurrency']).toMatchObject({ held: 0n });
  });
});
