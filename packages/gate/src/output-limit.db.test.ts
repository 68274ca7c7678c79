import { isRefusal } from '@purser/core';
import type { Catalog } from '@purser/catalog';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { OpenAiChatBody } from './gate.ts';
import { ask, type GateBench, openGateBench, PRESENT, SHIPS } from './testing.ts';

let bench: GateBench;
const open: StandIn[] = [];
beforeAll(async () => {
  bench = await openGateBench();
});
afterAll(async () => {
  await Promise.all(open.map((standIn) => standIn.close()));
  await bench.close();
});

/** A server that ignores every name of the output limit but one, as real ones do, and then writes thousands of tokens. */
async function knowing(output_limit: 'max_tokens' | 'max_completion_tokens'): Promise<StandIn> {
  const standIn = await startStandIn({ output_limit });
  open.push(standIn);
  return standIn;
}

const body = (model: string, more: object): OpenAiChatBody => ({
  model,
  messages: [{ role: 'user', content: SHIPS }],
  ...more,
});

const NAMINGS = [{}, { max_tokens: 9 }, { max_completion_tokens: 9 }, { max_tokens: 9, max_completion_tokens: 9 }];

test.each([
  ['openai', 'gpt-4o-mini', 'max_completion_tokens'],
  ['ollama', 'llama3.2', 'max_tokens'],
] as const)(
  'the output limit reaches %s under the name that it keeps, whatever the caller calls it, through every endpoint',
  async (provider, model, keeps) => {
    const upstream = await knowing(keeps);
    const caller = bench.caller('PRO');
    const gate = bench.gate({ [provider]: { base_url: upstream.origin, api_key: 'key-12345678' } });
    for (const naming of NAMINGS) {
      for (const stream of [false, true]) {
        const answer = await gate.chatCompletions(caller, { body: body(model, { stream, ...naming }) }, PRESENT);
        if (!isRefusal(answer) && answer.kind === 'stream') for await (const _ of answer.chunks);
      }
    }
    const request = ask(SHIPS, { model, output_tokens_max: 9 });
    await gate.generate(caller, request, PRESENT);
    const parts = await gate.stream(caller, request, PRESENT);
    if (!isRefusal(parts)) for await (const _ of parts);
    await gate.settled(2_000);
    expect(upstream.requests).toHaveLength(NAMINGS.length * 2 + 2);
    for (const { body: sent } of upstream.requests) {
      expect(Object.keys(sent).filter((name) => name.includes('max_'))).toEqual([keeps]);
    }
    expect((await bench.metersOf(caller))['cost']?.overrun).toBe(0n);
  },
);

const PROVEN = { max_tokens: 'max_tokens', max_completion_tokens: 'max_completion_tokens', neither: null } as const;

describe('a server whose way with limits nobody has documented', () => {
  const compatible = (): Catalog => ({
    ...bench.catalog,
    models: bench.catalog.models.map((model) =>
      model.name === 'gpt-4o-mini' ? { ...model, provider: 'openai_compatible' } : model,
    ),
    plans: bench.catalog.plans,
  });
  const caller = () =>
    bench.caller('PRO', {
      providers: { text: ['openai_compatible'] },
      concurrency: 50,
      rate: { rps: 100, rpm: 1_000, burst: 100 },
    });

  test.each(Object.entries(PROVEN))('that keeps %s is asked by a probe first, once for all who wait', async (_, keeps) => {
    const upstream = await startStandIn(keeps === null ? { misbehaviour: 'too_many_tokens' } : { output_limit: keeps });
    open.push(upstream);
    const gate = bench.gate({ openai_compatible: { base_url: upstream.origin } }, { sold: compatible() });
    const who = caller();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        gate.chatCompletions(who, { body: body('gpt-4o-mini', { max_completion_tokens: 9 }) }, PRESENT),
      ),
    );
    await gate.settled(2_000);
    const sent = upstream.requests.filter((request) => JSON.stringify(request.body).includes(SHIPS));
    if (keeps === null) {
      expect(answers.every((answer) => isRefusal(answer) && answer.code === 'no_model_allowed')).toBe(true);
      expect(sent).toEqual([]);
      // One probe a name, and none of the twenty calls.
      expect(upstream.requests).toHaveLength(2);
    } else {
      expect(answers.filter(isRefusal)).toEqual([]);
      expect(sent).toHaveLength(20);
      for (const request of sent) expect(request.body[keeps]).toBe(9);
    }
    expect((await bench.metersOf(who))['cost']?.overrun ?? 0n).toBe(0n);
  });
});
