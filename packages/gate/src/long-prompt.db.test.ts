import { isRefusal } from '@purser/core';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ask, type GateBench, openGateBench, PRESENT } from './testing.ts';

const ENGLISH = 'The harbor opened in 1887. It closed in 1931, after a fire; the town rebuilt it with a longer pier. ';

let bench: GateBench;
let standIn: StandIn;
beforeAll(async () => {
  bench = await openGateBench();
  standIn = await startStandIn();
});
afterAll(async () => {
  await standIn.close();
  await bench.close();
});

test('a long prompt is held at what it can cost by the tokenizer of its vendor, not at a token a byte', async () => {
  const gate = bench.gate({ openai: { api_key: 'test', base_url: standIn.openai_url } }, { call_timeout_ms: 30_000 });
  const text = ENGLISH.repeat(3_000);
  // A token a byte would come to 0.375 USD; some 84,000 tokens come to 0.106, and 100 of output to 0.001.
  const cost_max = { nanos: 120_000_000n, currency: bench.catalog.credit.cost.currency };
  const request = ask(text, { model: 'gpt-5.1', output_tokens_max: 100, cost_max });
  const answer = await gate.generate(bench.caller('BUSINESS'), request, PRESENT);
  if (isRefusal(answer)) throw new Error(answer.detail);
  expect(answer).toMatchObject({ model: { name: 'gpt-5.1' }, degraded: [] });
  const dearer = await gate.generate(
    bench.caller('BUSINESS'),
    { ...request, cost_max: { ...cost_max, nanos: 100_000_000n } },
    PRESENT,
  );
  expect(dearer).toMatchObject({ code: 'request_too_large' });
});
