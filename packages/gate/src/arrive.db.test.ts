import { isRefusal } from '@purser/core';
import { loadCatalog } from '@purser/catalog';
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

test('C4 a user’s action counts once against rate and gap, however many calls are its steps; the next action within the gap is refused', async () => {
  // The plans as they are shipped: the bench's own let one caller stand for hundreds.
  const sold = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const gate = bench.gate({}, { sold });
  const caller = bench.caller('FREE');
  const action = await gate.act(caller, 'ada');
  if (isRefusal(action)) throw new Error(action.detail);
  for (let step = 0; step < 4; step += 1) {
    const asked = { ...ask('hello'), arrival: action };
    expect(await gate.generate({ ...caller, user: 'ada' }, asked, PRESENT)).toMatchObject({ model: { provider: 'offline' } });
  }
  expect(await gate.act(caller, 'ada')).toMatchObject({ code: 'min_gap' });
  expect(await gate.generate({ ...caller, user: 'ada' }, ask('hello'), PRESENT)).toMatchObject({ code: 'min_gap' });
  // An action is good for its own user alone.
  expect(await gate.generate({ ...caller, user: 'bob' }, { ...ask('hello'), arrival: action }, PRESENT)).toMatchObject({
    degraded: [],
  });
  expect(await gate.generate({ ...caller, user: 'bob' }, { ...ask('hello'), arrival: action }, PRESENT)).toMatchObject({
    code: 'min_gap',
  });
});
