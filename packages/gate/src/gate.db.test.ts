import { isRefusal } from '@purser/core';
import { newId } from '@purser/database';
import { verifyMeters } from '@purser/meters';
import { formatAmount, parseMoney } from '@purser/money';
import { type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Answer, Gate } from './gate.ts';
import { ask, type GateBench, keyed, openGateBench, PRESENT } from './testing.ts';

let bench: GateBench;
const standIns: StandIn[] = [];

beforeAll(async () => {
  bench = await openGateBench();
});
afterEach(async () => {
  const { mismatches } = await verifyMeters(bench.database.pool);
  if (mismatches.length > 0)
    throw new Error(
      `the counters are not what the holds say: ${mismatches[0]?.key} ${mismatches[0]?.what} ${mismatches[0]?.workspace} ${mismatches[0]?.counter} ${mismatches[0]?.replayed}`,
    );
});
afterAll(async () => {
  await Promise.all(standIns.map((standIn) => standIn.close()));
  await bench.close();
});

async function gateWith(misbehaviour: Misbehaviour): Promise<Gate> {
  const standIn = await startStandIn({ misbehaviour, wait_ms: 50 });
  standIns.push(standIn);
  return bench.gate({ openai: { api_key: 'test', base_url: standIn.openai_url } });
}

const served = (answer: unknown): Answer => {
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer as Answer;
};

describe('one governed call', () => {
  test('C7: it is charged its real cost, and the answer says what was charged and what is left', async () => {
    const caller = bench.caller('PRO');
    const answer = served(
      await bench.gate().generate(caller, ask('Purser keeps the books of a ship. It pays the crew.'), PRESENT),
    );
    expect(answer.offline).toBe(true);
    expect(answer.output.length).toBeGreaterThan(0);
    const meters = await bench.metersOf(caller);
    expect(meters['credits']).toMatchObject({ held: 0n, used: answer.credits.charged });
    expect(answer.credits.balance).toBe(1500n - answer.credits.charged);
    expect(meters['cost']?.used).toBeGreaterThan(0n);
    expect(meters['tokens']?.used).toBe(BigInt(answer.usage.input_tokens + answer.usage.output_tokens));
    expect(meters['concurrency']).toMatchObject({ held: 0n });
    expect(formatAmount(answer.cost)).not.toBe('0');
  });

  test('C1: a plan without AI is refused with the plans that have it', async () => {
    const refusal = await bench.gate().generate(bench.caller('STARTER'), ask('hello'), PRESENT);
    expect(refusal).toMatchObject({
      code: 'plan_feature_missing',
      offers: expect.arrayContaining([expect.objectContaining({ id: 'PRO' })]) as unknown,
    });
  });

  test('an unknown operation is refused with the list', async () => {
    const refusal = await bench.gate().generate(bench.caller('PRO'), ask('hello', { operation: 'dance' }), PRESENT);
    expect(refusal).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('summarise') as unknown });
  });

  test('C3: the same key and body get the same answer again and spend once; another body is refused', async () => {
    const caller = bench.caller('PRO');
    const gate = bench.gate();
    const request = ask('Sell the old boat.', keyed('k1', 'a'));
    const [first, second] = await Promise.all([gate.generate(caller, request, PRESENT), gate.generate(caller, request, PRESENT)]);
    const third = served(await gate.generate(caller, request, PRESENT));
    for (const answer of [second, third]) {
      const { replayed: _, ...again } = served(answer);
      const { replayed: __, ...original } = served(first);
      expect(again).toEqual(original);
    }
    expect((await bench.metersOf(caller))['jobs']?.used).toBe(1n);
    expect(await gate.generate(caller, ask('Buy it.', keyed('k1', 'b')), PRESENT)).toMatchObject({
      code: 'idempotency_mismatch',
    });
  });

  test('F1: concurrent callers never spend above the ceiling, and it is filled before it refuses', async () => {
    const caller = bench.caller('PRO', {
      ceiling: { amount: '0.51', currency: 'EUR' },
      rate: { rps: 10_000, rpm: 100_000, burst: 10_000 },
      concurrency: 1_000,
    });
    const gate = bench.gate();
    const text = 'A ship carries grain, wine and letters. '.repeat(20);
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => gate.generate(caller, ask(text), PRESENT)));
    const meters = await bench.metersOf(caller);
    const cost = meters['cost'];
    if (!cost) throw new Error('there is a cost meter');
    expect(cost.used + cost.held).toBeLessThanOrEqual(cost.cap);
    expect(outcomes.filter(isRefusal).length).toBeGreaterThan(0);
    for (const refusal of outcomes.filter(isRefusal))
      expect(refusal).toMatchObject({ code: 'cost_ceiling_reached', offers: expect.any(Array) as unknown });
    expect(cost.used).toBeGreaterThan(0n);
  });

  test('a cost cap of the caller clamps the output before it refuses', async () => {
    const caller = bench.caller('PRO');
    const gate = await gateWith('honest');
    const tight = served(
      await gate.generate(
        caller,
        ask('Hello there', { model: 'gpt-4o-mini', output_tokens_max: 4000, cost_max: cents('0.0005') }),
        PRESENT,
      ),
    );
    expect(tight.degraded.some(({ what }) => what.startsWith('output of'))).toBe(true);
    expect(await gate.generate(caller, ask('Hello', { cost_max: cents('0.0000001') }), PRESENT)).toMatchObject({
      code: 'request_too_large',
    });
  });
});

describe('providers that misbehave', () => {
  const gpt = (text = 'Tell me about ships') => ask(text, { model: 'gpt-4o-mini', output_tokens_max: 100 });

  test.for(['rate_limited', 'server_error', 'overloaded', 'unauthorised', 'garbage', 'cut_off', 'hang'] as const)(
    'C3: %s charges the customer nothing, says so, and holds nothing',
    async (misbehaviour) => {
      const caller = bench.caller('PRO');
      const gate = await gateWith(misbehaviour);
      const refusal = await gate.generate(caller, gpt(), PRESENT);
      const codes: Record<string, string> = { hang: 'provider_timeout', rate_limited: 'rate_limited' };
      const said = misbehaviour === 'rate_limited' ? /./ : /; nothing was charged$/;
      expect(refusal).toMatchObject({
        code: codes[misbehaviour] ?? 'provider_failed',
        detail: expect.stringMatching(said) as string,
      });
      const meters = await bench.metersOf(caller);
      expect(meters['credits']).toMatchObject({ held: 0n, used: 0n });
      expect(meters['concurrency']).toMatchObject({ held: 0n });
      const unresolved = ['garbage', 'cut_off', 'hang', 'server_error', 'overloaded'].includes(misbehaviour);
      if (!unresolved) expect(meters['cost']).toMatchObject({ held: 0n, used: 0n, unreconciled: 0n });
      else expect(meters['cost']?.held).toBe(0n);
    },
  );

  test.for(['no_usage', 'negative_usage', 'huge_usage', 'fractional_usage'] as const)(
    '%s is not free: what was sent and received bounds the cost, and the customer is charged the least',
    async (misbehaviour) => {
      const caller = bench.caller('PRO');
      const answer = served(await (await gateWith(misbehaviour)).generate(caller, gpt(), PRESENT));
      expect(answer.credits.charged).toBe(1n);
      expect((await bench.metersOf(caller))['cost']?.used).toBeGreaterThan(0n);
    },
  );

  test('more tokens than asked for is booked as overrun when it exceeds the hold, and closes the route', async () => {
    const caller = bench.caller('PRO');
    const gate = await gateWith('too_many_tokens');
    const first = served(await gate.generate(caller, ask('x', { model: 'gpt-4o-mini', output_tokens_max: 2000 }), PRESENT));
    const meters = await bench.metersOf(caller);
    expect(meters['cost']?.overrun).toBeGreaterThan(0n);
    expect(first.credits.charged).toBeLessThanOrEqual(meters['credits']?.used ?? 0n);
    expect(await gate.generate(caller, gpt(), PRESENT)).toMatchObject({ code: 'no_model_allowed' });
  });

  test('T7: a provider that fails is replaced by the next of the plan, with a hold of its own', async () => {
    const bad = await startStandIn({ misbehaviour: 'server_error' });
    const good = await startStandIn();
    standIns.push(bad, good);
    const gate = bench.gate({
      gemini: { api_key: 'test', base_url: bad.gemini_url },
      openai: { api_key: 'test', base_url: good.openai_url },
    });
    const caller = bench.caller('PRO');
    const answer = served(await gate.generate(caller, ask('hello'), PRESENT));
    expect(answer.model.provider).toBe('openai');
    const { rows } = await bench.database.pool.query(
      'select provider, outcome from ledger.attempt where workspace_id = $1 order by id',
      [caller.workspace.id],
    );
    expect(rows.at(-1)).toEqual({ provider: 'openai', outcome: 'ok' });
    expect(rows.length).toBeGreaterThanOrEqual(2);
  });
});

describe('streams', () => {
  const parts = async (
    gate: Gate,
    caller: ReturnType<GateBench['caller']>,
    text = 'Tell me about ships and the sea. They sail.',
  ) => {
    const started = await gate.stream(caller, ask(text), PRESENT);
    if (isRefusal(started)) throw new Error(started.detail);
    return started;
  };

  test('the texts make up the output, and the end comes after the books are written', async () => {
    const caller = bench.caller('PRO');
    let text = '';
    for await (const part of await parts(bench.gate(), caller)) {
      if (part.type === 'text') text += part.text;
      else if (part.type === 'end') {
        expect(part.answer.output).toBe(text);
        expect((await bench.metersOf(caller))['cost']?.used).toBeGreaterThan(0n);
      }
    }
    expect(text.length).toBeGreaterThan(0);
  });

  test('a client that leaves is charged what was spent: the drain reads the usage, and nothing stays held', async () => {
    const caller = bench.caller('PRO');
    const gate = await gateWith('drip');
    for await (const part of await parts(gate, caller)) {
      expect(part.type).toBe('text');
      break;
    }
    await gate.drain(3_000);
    const meters = await bench.metersOf(caller);
    expect(meters['cost']).toMatchObject({ held: 0n, unreconciled: 0n });
    expect(meters['cost']?.used).toBeGreaterThan(0n);
    expect(meters['credits']?.used).toBeGreaterThan(0n);
  });

  test.for(['cut_off', 'error_in_stream', 'hang_mid_stream'] as const)(
    '%s ends the stream with a refusal and charges nothing',
    async (misbehaviour) => {
      const caller = bench.caller('PRO');
      const seen: string[] = [];
      for await (const part of await parts(await gateWith(misbehaviour), caller)) seen.push(part.type);
      expect(seen.at(-1)).toBe('refusal');
      const meters = await bench.metersOf(caller);
      expect(meters['credits']).toMatchObject({ held: 0n, used: 0n });
      expect(meters['cost']?.held).toBe(0n);
    },
  );

  test('a stream that is never read is given up at its deadline, not for ever', async () => {
    const caller = bench.caller('PRO');
    const gate = bench.gate();
    const started = await gate.stream(caller, ask('hello'), PRESENT);
    if (isRefusal(started)) throw new Error(started.detail);
    await started[Symbol.asyncIterator]().return?.();
    await gate.drain(3_000);
    expect((await bench.metersOf(caller))['cost']).toMatchObject({ held: 0n });
  });
});

test('a user named in the request is named beside the credential that called', async () => {
  const caller = { ...bench.caller('PRO'), user: `u-${newId()}` };
  await bench.gate().generate(caller, ask('hello'), PRESENT);
  const { rows } = await bench.database.pool.query<{ actor: string; end_user: string }>(
    'select actor, end_user from ledger.attempt where workspace_id = $1',
    [caller.workspace.id],
  );
  expect(rows).toEqual([{ actor: 'key:test', end_user: caller.user }]);
});

function cents(amount: string) {
  return parseMoney(amount, 'USD');
}
