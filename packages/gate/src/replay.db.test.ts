import { inBackground, isRefusal } from '@purser/core';
import { newId, openPool, type Pool } from '@purser/database';
import { Meters } from '@purser/meters';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Answer, Bill, Gate } from './gate.ts';
import { ask, type GateBench, keyed, openGateBench, PRESENT, SHIPS } from './testing.ts';

let bench: GateBench;
let upstream: StandIn;
let pool: Pool;
let servers: readonly Gate[];
beforeAll(async () => {
  bench = await openGateBench();
  upstream = await startStandIn({ misbehaviour: 'slow', wait_ms: 120 });
  pool = openPool(bench.database.url, { connections_max: 1 });
  const other = new Meters({ pool, clock: bench.clock }, bench.database.pool);
  const providers = { openai: { api_key: 'test', base_url: upstream.openai_url } };
  servers = [bench.gate(providers), bench.gate(providers, { meters: other })];
});
afterAll(async () => {
  await upstream.close();
  await pool.end();
  await bench.close();
});

type Caller = ReturnType<GateBench['caller']>;

/** What a caller gets, in words that can be compared: all of it but the mark. */
interface Got {
  readonly answer: unknown;
  readonly replayed: boolean;
}

const told = <T>(result: T): Exclude<T, { refused: unknown }> => {
  if (isRefusal(result)) throw new Error(`${result.code}: ${result.detail}`);
  return result as Exclude<T, { refused: unknown }>;
};
const plain = ({ replayed, ...answer }: Answer): Got => ({ answer, replayed });
const billed = ({ cost, ...bill }: Bill): unknown => ({ ...bill, cost: cost.nanos });

/** One call under a key through each endpoint, by a model whose bytes pass through and by the offline one, which is translated. */
const ENDPOINTS = {
  async generate(gate: Gate, caller: Caller, key: string) {
    return plain(told(await gate.generate(caller, { ...ask(SHIPS), ...keyed(key, 'a') }, PRESENT)));
  },
  async stream(gate: Gate, caller: Caller, key: string) {
    const parts = told(await gate.stream(caller, { ...ask(SHIPS), ...keyed(key, 'a') }, PRESENT));
    let text = '';
    for await (const part of parts) {
      if (part.type === 'text') text += part.text;
      else if (part.type === 'refusal') throw new Error(part.refusal.detail);
      else if (part.type === 'end') {
        const { answer, replayed } = plain(part.answer);
        expect(replayed).toBe(parts.replayed === true);
        return { answer: { text, answer }, replayed };
      }
    }
    throw new Error('the stream had no end');
  },
  chat: (gate: Gate, caller: Caller, key: string) => chat(gate, caller, key, false),
  'chat, streamed': (gate: Gate, caller: Caller, key: string) => chat(gate, caller, key, true),
};

async function chat(gate: Gate, caller: Caller, key: string, stream: boolean): Promise<Got> {
  const body = { model: 'auto', messages: [{ role: 'user', content: SHIPS }], stream };
  const answer = told(await gate.chatCompletions(caller, { body, ...keyed(key, String(stream)) }, PRESENT));
  const replayed = answer.replayed === true;
  if (answer.kind === 'whole') return { answer: [Buffer.from(answer.body).toString(), billed(answer.bill)], replayed };
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.chunks) chunks.push(chunk);
  return { answer: Buffer.concat(chunks).toString(), replayed };
}

describe.each(Object.entries(ENDPOINTS))('%s', (_, call) => {
  test('a keyed call and its replays, raced over two servers, get the very same answer with its balance; all but one are marked, one is charged', async () => {
    const caller = bench.caller('PRO');
    // Another call of the workspace moves the balance while these race.
    const before = told(await servers[0]!.generate(caller, ask(SHIPS), PRESENT)).credits.balance;
    const got = await Promise.all([
      ...Array.from({ length: 12 }, (__, n) => call(servers[n % 2]!, caller, 'key')),
      servers[1]!.generate(caller, ask(SHIPS), PRESENT).then(() => undefined),
    ]);
    await Promise.all(servers.map((gate) => gate.settled(5_000)));
    const later = await Promise.all(servers.map((gate) => call(gate, caller, 'key')));
    const all = [...got, ...later].filter((one) => one !== undefined);
    for (const one of all) expect(one.answer).toEqual(all[0]?.answer);
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(later.every(({ replayed }) => replayed)).toBe(true);
    const balance = (all[0]?.answer as Answer | undefined)?.credits?.balance;
    if (balance !== undefined) expect([balance > 0n, balance < before]).toEqual([true, true]);
    const { rows } = await bench.database.pool.query<{ n: number }>(
      `select count(*)::integer as n from ledger.posting where workspace_id = $1 and debit = 'wallet' and credit = 'spent'`,
      [caller.workspace.id],
    );
    expect(rows[0]?.n).toBe(3);
  });
});

test('a server that dies right after a settle leaves the whole answer under its key: nothing is written behind it', async () => {
  const caller = bench.caller('PRO');
  const key = newId<'key'>();
  let settled: (() => void) | undefined;
  const reached = new Promise<void>((resolve) => (settled = resolve));
  const dying = bench.gate(
    { openai: { api_key: 'test', base_url: upstream.openai_url } },
    {
      pause: (point) => {
        if (point !== 'after settle') return Promise.resolve();
        settled?.();
        // It never goes on.
        return new Promise(() => {});
      },
    },
  );
  inBackground(dying.generate(caller, { ...ask(SHIPS), ...keyed(key, 'a') }, PRESENT), () => {});
  await reached;
  const again = told(await servers[1]!.generate(caller, { ...ask(SHIPS), ...keyed(key, 'a') }, PRESENT));
  expect(again.replayed).toBe(true);
  expect(again.credits.balance).toBe((await bench.metersOf(caller))['credits']!.cap - again.credits.charged);
});
