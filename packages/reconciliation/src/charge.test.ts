import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import { type Charge, toNanos } from './charge.ts';
import { anthropicCosts, openAiCosts } from './fetch-costs.ts';
import { readChargesCsv } from './read-csv.ts';

async function all(charges: AsyncIterable<Charge>): Promise<unknown[]> {
  const read: unknown[] = [];
  for await (const { at, model, request_id, cost, unit } of charges) read.push([at.toString(), model, request_id, cost, unit]);
  return read;
}

/** A text that arrives a character at a time: whatever the cuts, the rows are the same. */
async function* cut(text: string): AsyncGenerator<string> {
  for (const character of text) yield character;
}

test.each([
  ['0.06', 60_000_000n],
  ['1.2e-05', 12_000n],
  ['1E+1', 10_000_000_000n],
  ['0.06000000000000001', 60_000_000n],
  ['-3', -3_000_000_000n],
  ['.5', 500_000_000n],
  ['', undefined],
  ['.', undefined],
  ['1,5', undefined],
  ['1e9', 1_000_000_000_000_000_000n],
  ['1e10', undefined],
  ['1e99', undefined],
])('%j is as many nano-units as it says', (text, nanos) => {
  expect(toNanos(text)).toBe(nanos);
});

test('an export is read by the names of its columns, quotes and all, whatever it is cut into', async () => {
  const text =
    '\uFEFFTimestamp,Model,Request ID,Cost,Currency\r\n2026-11-01T10:00:00Z,"gpt-4o, input",req_1,$0.5,usd\r\n\r\n2026-11-02,"a ""b""",,1.25,';
  expect(await all(readChargesCsv(cut(text)))).toEqual([
    ['2026-11-01T10:00:00Z', 'gpt-4o', 'req_1', 500_000_000n, 'USD'],
    ['2026-11-02T00:00:00Z', 'a "b"', null, 1_250_000_000n, 'USD'],
  ]);
});

test.each([
  ['', 'row 1: the file is empty'],
  ['a,b\n1,2', 'row 1: no column is called timestamp'],
  ['time,cost\nnever,1', "row 2: 'never' is no time"],
  ['time,cost\n2026-11-01,x', "row 2: 'x' is no amount"],
  ['time,cost,currency\n2026-11-01,1,dollars', "row 2: 'DOLLARS' is no currency"],
  [`time,cost\n${'x'.repeat(70_000)}`, 'row 2: it is longer than 64 KB'],
])('an export that cannot be read is refused by its row: %#', async (text, why) => {
  await expect(all(readChargesCsv(cut(text)))).rejects.toThrow(why);
});

/** A provider's cost API on loopback, which answers page after page and says what it was asked. */
async function standIn(pages: readonly object[]): Promise<AsyncDisposable & { base_url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const number = Number(new URL(request.url ?? '/', 'http://here').searchParams.get('page') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json', 'x-standin': 'costs' }).end(JSON.stringify(pages[number]));
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  return {
    base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => {
        server.close(closed);
      });
    },
  };
}

const SPAN = { from: Temporal.Instant.from('2026-11-01T00:00:00Z'), to: Temporal.Instant.from('2026-11-03T00:00:00Z') };

test('OpenAI is asked for its costs by line item, page after page', async () => {
  const bucket = (start_time: number, results: object[]) => ({
    object: 'bucket',
    start_time,
    end_time: start_time + 86_400,
    results,
  });
  const result = (value: number, line_item: string | null) => ({
    object: 'organization.costs.result',
    amount: { value, currency: 'usd' },
    line_item,
    project_id: null,
  });
  await using costs = await standIn([
    { object: 'page', data: [bucket(1_793_491_200, [result(0.06, 'gpt-4o-2024-08-06, input')])], has_more: true, next_page: '1' },
    { object: 'page', data: [bucket(1_793_577_600, [result(1.5e-5, null)])], has_more: false, next_page: null },
  ]);
  expect(await all(openAiCosts({ admin_key: 'sk-admin-1', base_url: costs.base_url }, SPAN))).toEqual([
    ['2026-11-01T00:00:00Z', 'gpt-4o-2024-08-06', null, 60_000_000n, 'USD'],
    ['2026-11-02T00:00:00Z', null, null, 15_000n, 'USD'],
  ]);
  expect(costs.asked.map(({ url }) => url?.split('?')[0])).toEqual(['/v1/organization/costs', '/v1/organization/costs']);
  expect(costs.asked[0]?.headers.authorization).toBe('Bearer sk-admin-1');
});

test('Anthropic states cents: they are nano-units of a dollar a hundred times less', async () => {
  const results = [
    {
      amount: '123.45',
      currency: 'USD',
      cost_type: 'tokens',
      model: 'claude-sonnet-4-5',
      description: 'Claude Sonnet 4.5 Usage',
    },
  ];
  await using costs = await standIn([
    {
      data: [{ starting_at: '2026-11-01T00:00:00Z', ending_at: '2026-11-02T00:00:00Z', results }],
      has_more: false,
      next_page: null,
    },
  ]);
  expect(await all(anthropicCosts({ admin_key: 'sk-ant-admin-1', base_url: costs.base_url }, SPAN))).toEqual([
    ['2026-11-01T00:00:00Z', 'claude-sonnet-4-5', null, 1_234_500_000n, 'USD'],
  ]);
  expect(costs.asked[0]?.headers['x-api-key']).toBe('sk-ant-admin-1');
});

test('an answer of another shape is a fault in words, without what was answered', async () => {
  await using costs = await standIn([{ error: 'sk-admin-1 is wrong' }]);
  await expect(all(openAiCosts({ admin_key: 'sk-admin-1', base_url: costs.base_url }, SPAN))).rejects.toThrow(
    'OpenAI answered with another shape, not with the costs that were asked for',
  );
});
