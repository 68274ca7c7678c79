import { isRefusal } from '@purser/core';
import type { Workspace } from '@purser/identity';
import { verifyMeters } from '@purser/meters';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { GateDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT, SHIPS } from './testing.ts';

let bench: GateBench;
let upstream: StandIn;
beforeAll(async () => {
  bench = await openGateBench();
});
beforeEach(async () => {
  upstream = await startStandIn();
});
afterEach(async () => {
  await upstream.close();
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
});
afterAll(() => bench.close());

type Caller = ReturnType<GateBench['caller']>;
const gpt = () => ask(SHIPS, { model: 'gpt-4o-mini', output_tokens_max: 100 });
const body = { model: 'gpt-4o-mini', max_tokens: 100, messages: [{ role: 'user', content: SHIPS }] };
const inGrace = (workspace: Workspace): Workspace => ({ ...workspace, license: 'grace', license_since: bench.clock.now() });
const gate = (more: Partial<GateDeps>): Gate => bench.gate({ openai: { api_key: 'test', base_url: upstream.openai_url } }, more);
const untouched = async (caller: Caller): Promise<void> => {
  const meters = await bench.metersOf(caller);
  for (const key of ['credits', 'cost', 'tokens', 'jobs', 'concurrency']) {
    expect([key, meters[key]]).toMatchObject([key, { held: 0n, used: 0n, unreconciled: 0n }]);
  }
};

const DOORS = [
  ['generate', (on: Gate, caller: Caller) => on.generate(caller, gpt(), PRESENT)],
  ['stream', (on: Gate, caller: Caller) => on.stream(caller, gpt(), PRESENT)],
  ['OpenAI', (on: Gate, caller: Caller) => on.chatCompletions(caller, { body }, PRESENT)],
  ['OpenAI, streaming', (on: Gate, caller: Caller) => on.chatCompletions(caller, { body: { ...body, stream: true } }, PRESENT)],
] as const;

describe('C5 a license that changed while the hold was written', () => {
  test.each(DOORS)('through %s: no provider hears of the call, and nothing stays held or counted', async (_, call) => {
    const caller = bench.caller('PRO');
    for (const workspaceNow of [() => inGrace(caller.workspace), () => Promise.resolve(inGrace(caller.workspace))]) {
      const refused = await call(gate({ workspaceNow }), caller);
      expect(refused).toMatchObject({ code: 'license_ai_disabled', offers: [{ kind: 'pay' }] });
    }
    expect(upstream.requests).toEqual([]);
    await untouched(caller);
  });

  test('that cannot be read: nobody is let in unseen, and nothing stays held', async () => {
    const caller = bench.caller('PRO');
    const away = gate({ workspaceNow: () => Promise.reject(new Error('the database is away')) });
    await expect(away.generate(caller, gpt(), PRESENT)).rejects.toThrow('away');
    expect(upstream.requests).toEqual([]);
    await untouched(caller);
  });

  test('a workspace that was read anew, and stands as it did, is let in', async () => {
    const caller = bench.caller('PRO');
    const again = gate({ workspaceNow: () => Promise.resolve({ ...caller.workspace }) });
    expect(isRefusal(await again.generate(caller, gpt(), PRESENT))).toBe(false);
  });
});

describe('C3 C5 a hold that was given back while the provider worked', () => {
  beforeEach(async () => {
    await upstream.close();
    upstream = await startStandIn({ misbehaviour: 'slow', wait_ms: 500 });
  });

  test.each(DOORS.filter(([door]) => !door.includes('stream')))(
    'through %s: the answer comes, its cost is counted, and it says that nothing was charged',
    async (_, call) => {
      const caller = bench.caller('PRO');
      let current: Workspace = caller.workspace;
      const given = gate({
        workspaceNow: () => current,
        async pause(point) {
          if (point !== 'before settle') return;
          await bench.meters.release([caller.workspace.id]);
        },
      });
      const calling = call(given, caller);
      await expect.poll(() => upstream.requests.length, { interval: 10 }).toBe(1);
      current = inGrace(caller.workspace);
      const answer = (await calling) as { credits?: { charged: bigint }; bill?: { charged: bigint } };
      expect((answer.credits ?? answer.bill)?.charged).toBe(0n);
      const { credits, cost } = await bench.metersOf(caller);
      expect(credits).toMatchObject({ held: 0n, used: 0n });
      expect(cost).toMatchObject({ held: 0n, unreconciled: 0n });
      expect(cost?.used).toBeGreaterThan(0n);
    },
  );
});
