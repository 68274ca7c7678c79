import { afterAll, beforeAll, expect, test } from 'vitest';

import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

let bench: GateBench;
beforeAll(async () => {
  bench = await openGateBench();
});
afterAll(() => bench.close());

test('a workspace that was refused for its rate is refused when its next call arrives, before its body is parsed; no other is counted then', async () => {
  const gate = bench.gate();
  const caller = bench.caller('PRO', { rate: { rps: 10, rpm: 1, burst: 5 } });
  expect(await gate.arrive(caller, 'ada')).toBeUndefined();
  expect(await gate.generate(caller, ask('hello'), PRESENT)).toMatchObject({ model: { provider: 'offline' } });
  expect(await gate.generate(caller, ask('hello'), PRESENT)).toMatchObject({ code: 'rate_limited' });
  expect(await gate.arrive(caller, 'ada')).toMatchObject({ code: 'rate_limited' });
  expect(await gate.arrive(bench.caller('PRO'), 'ada')).toBeUndefined();
});
