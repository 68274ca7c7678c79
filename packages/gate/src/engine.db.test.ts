import { isRefusal } from '@purser/core';
import { checkSize } from '@purser/core/testing';
import { newId, openPool } from '@purser/database';
import { verifyPostings } from '@purser/ledger';
import { Meters, verifyMeters } from '@purser/meters';
import { type ModelPrice, PriceBook } from '@purser/money';
import { type Misbehaviour, type StandIn, startStandIn } from '@purser/providers/standins';
import { RouteStates } from '@purser/routing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Gate } from './gate.ts';
import { ask, type GateBench, keyed, openGateBench } from './testing.ts';

/* The whole engine: callers at two servers, every door, providers that misbehave on real sockets, prices that make no sense. */

const PROVIDERS = [
  ...(['honest', 'drip', 'slow', 'rate_limited', 'server_error', 'overloaded', 'garbage', 'cut_off', 'error_in_stream'] as const),
  ...([
    'hang',
    'hang_mid_stream',
    'early_end',
    'no_usage',
    'negative_usage',
    'huge_usage',
    'duplicate_usage',
    'too_many_tokens',
  ] as const),
] satisfies readonly Misbehaviour[];

/** Per token in yocto-units: a micro is 10^18, a nano 10^15 … of what a dollar is. */
const NANO = 10n ** 15n;
const PRICES: Readonly<Record<string, (price: ModelPrice) => ModelPrice>> = {
  asListed: (price) => price,
  free: (price) => ({ ...price, units: { input_token: 0n, output_token: 0n }, tiers: [] }),
  nextToNothing: (price) => ({ ...price, units: { input_token: 1n, output_token: 1n }, tiers: [] }),
  dear: (price) => ({ ...price, units: { input_token: 2_000n * NANO, output_token: 40_000n * NANO }, tiers: [] }),
  aFee: (price) => ({ ...price, units: { input_token: 0n, output_token: 0n, request: 3_000_001n * NANO }, tiers: [] }),
  cachedIsDearer: (price) => ({
    ...price,
    units: {
      input_token: 100n * NANO,
      cached_input_token: 900n * NANO,
      output_token: 100n * NANO,
      reasoning_token: 5_000n * NANO,
    },
    tiers: [],
  }),
  steep: (price) => ({
    ...price,
    tiers: [{ above_input_tokens: 10, prices: { input_token: 9_000n * NANO, output_token: 1n } }],
  }),
  unknown: (price) => ({ ...price, from: Temporal.Instant.from('2100-01-01T00:00:00Z') }),
};

const call = fc.record({
  server: fc.nat(1),
  provider: fc.constantFrom(...PROVIDERS),
  price: fc.constantFrom(...Object.keys(PRICES)),
  door: fc.constantFrom('generate' as const, 'stream' as const, 'chat' as const, 'chat stream' as const),
  words: fc.constantFrom(1, 8, 60),
  output: fc.constantFrom(1, 20, 200),
  leaves_ms: fc.option(fc.constantFrom(0, 5, 40), { nil: null, freq: 3 }),
  key: fc.option(fc.nat(3), { nil: null, freq: 2 }),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

let bench: GateBench;
const standIns = new Map<Misbehaviour, StandIn>();
const gates = new Map<string, Gate>();
const second = { pool: undefined as ReturnType<typeof openPool> | undefined, meters: undefined as Meters | undefined };
beforeAll(async () => {
  bench = await openGateBench();
  for (const misbehaviour of PROVIDERS) standIns.set(misbehaviour, await startStandIn({ misbehaviour, wait_ms: 15 }));
  second.pool = openPool(bench.database.url, { connections_max: 1 });
  second.meters = new Meters({ pool: second.pool, clock: bench.clock }, bench.database.pool);
});
afterAll(async () => {
  await Promise.all([...standIns.values()].map((standIn) => standIn.close()));
  await second.pool?.end();
  await bench.close();
});

/** One of two servers, in front of that provider, with that price for what it asks. */
function gateFor({ server, provider, price }: Call): Gate {
  const name = `${server} ${provider} ${price}`;
  const known = gates.get(name);
  if (known) return known;
  const model = bench.catalog.models.find((entry) => entry.name === 'gpt-4o-mini');
  const listed = bench.catalog.prices.findByKey(model?.priceKey ?? '', bench.clock.now());
  if (listed === undefined) throw new Error('gpt-4o-mini has a price');
  const catalog = { ...bench.catalog, prices: new PriceBook([(PRICES[price] ?? ((same) => same))(listed)]) };
  const gate = bench.gate(
    { openai: { api_key: 'test', base_url: standIns.get(provider)?.openai_url ?? '' } },
    {
      ...(server === 1 && second.meters ? { meters: second.meters } : {}),
      sold: catalog,
      call_timeout_ms: 250,
      drain: { timeout_ms: 100, bytes_max: 100_000 },
      routes: new NeverClosed(),
    },
  );
  gates.set(name, gate);
  return gate;
}

/** A provider that overruns is asked again and again here. */
class NeverClosed extends RouteStates {
  override overran(): void {}
}

type Caller = ReturnType<GateBench['caller']>;

/** Makes the call as a client would; what it was told does not matter here. */
async function make(one: Call, caller: Caller): Promise<void> {
  const gate = gateFor(one);
  const client = new AbortController();
  if (one.leaves_ms !== null) setTimeout(() => client.abort(), one.leaves_ms);
  const text = 'ship '.repeat(one.words);
  const idempotency = one.key === null ? {} : keyed(`${one.key}`, `${one.words} ${one.output}`);
  const request = ask(text, { model: 'gpt-4o-mini', output_tokens_max: one.output, ...idempotency });
  if (one.door === 'generate') {
    await gate.generate(caller, request, client.signal);
    return;
  }
  if (one.door === 'stream') {
    const parts = await gate.stream(caller, request, client.signal);
    if (!isRefusal(parts)) await readUntilLeft(parts, client.signal);
    return;
  }
  const body = {
    model: 'gpt-4o-mini',
    max_tokens: one.output,
    stream: one.door === 'chat stream',
    messages: [{ role: 'user', content: text }],
  };
  const answer = await gate.chatCompletions(caller, { body, ...idempotency }, client.signal);
  if (!isRefusal(answer) && answer.kind === 'stream') await readUntilLeft(answer.chunks, client.signal);
}

async function readUntilLeft(parts: AsyncIterable<unknown>, left: AbortSignal): Promise<void> {
  for await (const _ of parts) if (left.aborted) return;
}

test('F1, C3: whatever callers, providers and prices do at two servers, nothing is spent above the ceiling, nothing stays held, and the books give the counters', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 8, maxLength: 24 }),
      fc.constantFrom('0.5003', '0.502', '13'),
      async (calls, amount) => {
        const caller = {
          ...bench.caller('PRO', {
            ceiling: { amount, currency: 'EUR' },
            credits_monthly: 150,
            rate: { rps: 10_000, rpm: 100_000, burst: 10_000 },
          }),
          user: newId(),
        };
        await Promise.all(calls.map((one) => make(one, caller)));
        await Promise.all([...gates.values()].map((gate) => gate.settled(2_000)));
        // What a client left behind is still being drained.
        await expect
          .poll(async () => Object.values(await bench.metersOf(caller)).every(({ held }) => held === 0n), { timeout: 10_000 })
          .toBe(true);

        const meters = await bench.metersOf(caller);
        for (const { key, cap, used, unreconciled, overrun } of Object.values(meters)) {
          if (key === 'budget') continue;
          expect([key, used + unreconciled <= cap]).toEqual([key, true]);
          const overspends = calls.some(({ provider }) => provider === 'too_many_tokens');
          if (!overspends) expect([key, overrun]).toEqual([key, 0n]);
        }
        const { rows } = await bench.database.pool.query<{ key: string; calls: bigint }>(
          `select i.key, count(*) as calls from meters.idempotency i join meters.hold h on h.id = i.hold_id
         where i.workspace_id = $1 and h.state = 'settled' group by i.key`,
          [caller.workspace.id],
        );
        for (const { calls: settled } of rows) expect(settled).toBe(1n);
        expect(await verifyMeters(bench.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
      },
    ),
    { numRuns: checkSize({ quick: 25, extended: 150 }) },
  );
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
}, 600_000);
