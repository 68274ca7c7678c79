import { expect, test } from 'vitest';
import { z } from 'zod';

import { amountSchema, asCost, asPrice, quantitySchema, shownAs, spoken } from '@purser/api';

import { eventsInCredits } from './show-view.ts';
import { assertAmountsTold, inCredits } from './shown.ts';

const money = { amount: '0.5', currency: 'EUR' };

test('costs are left out however deep they lie, prices and everything else stays', () => {
  const schema = z.object({
    calls: z.array(z.object({ id: z.string(), cost: asCost(amountSchema.nullable()) })),
    offer: z.object({ price: asPrice('A month.'), text: z.string() }).nullable(),
    why: spoken(),
    meters: shownAs(z.array(z.string()), (names) => names.filter((name) => name !== 'cost')).optional(),
    either: z.union([z.object({ kind: z.literal('a'), cost: asCost(amountSchema) }), z.object({ kind: z.literal('b') })]),
  });
  assertAmountsTold(schema, 'answer');
  const answer = {
    calls: [
      { id: 'one', cost: money },
      { id: 'two', cost: null },
    ],
    offer: { price: money, text: '500 credits for 29 USD' },
    why: 'too little is left; it may cost 0.5 EUR',
    meters: ['cost', 'tokens'],
    either: { kind: 'a', cost: money },
  };
  expect(inCredits(schema)?.(answer)).toEqual({
    calls: [{ id: 'one' }, { id: 'two' }],
    offer: answer.offer,
    why: 'too little is left',
    meters: ['tokens'],
    either: { kind: 'a' },
  });
  expect(answer.calls[0]).toHaveProperty('cost');
  expect(inCredits(z.object({ id: z.string() }))).toBeUndefined();
});

test.each([
  ['an amount', z.object({ sum: amountSchema })],
  ['one that is described', z.object({ sum: amountSchema.describe('What it is.') })],
  ['one in a list', z.object({ lines: z.array(z.object({ sum: amountSchema.nullable() })) })],
  ['a quantity', z.object({ sum: quantitySchema })],
])('%s that is neither a cost nor a price is a fault of the route, found when it is registered', (_, schema) => {
  expect(() => assertAmountsTold(schema, 'GET /x')).toThrow(/^GET \/x.*sum is an amount, but neither a cost nor a price$/);
});

async function passed(events: string, cut: number): Promise<string> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(events);
    for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
  }
  let text = '';
  for await (const chunk of eventsInCredits(chunks())) text += chunk;
  return text;
}

test.each([1, 7, 64, 10_000])(
  'events lose what shows cost wherever they are cut, and nothing else: every %i bytes',
  async (cut) => {
    const text = `data: {"choices":[{"delta":{"content":"the \\"cost\\" is 5 € – ok"}}]}\n\n`;
    const usage = (purser: object, more: object = {}): string =>
      `data: ${JSON.stringify({ usage: { prompt_tokens: 3, ...more }, purser: { transaction_id: 'x', ...purser, credits_charged: 1 } })}\n\n`;
    const error = (message: string): string => `data: ${JSON.stringify({ error: { message, code: 'overloaded' } })}\n\n`;
    const end = (more: object): string => `event: end\ndata: ${JSON.stringify({ output: 'done', ...more })}\n\n`;
    const given = [
      text,
      usage({ cost: money }, { cost: 0.0012, cost_details: { upstream_inference_cost: 0.001 } }),
      error('too little is left; it may cost 3 USD'),
      end({ cost: money }),
      'data: [DONE]\n\n',
    ].join('');
    expect(await passed(given, cut)).toBe([text, usage({}), error('too little is left'), end({}), 'data: [DONE]\n\n'].join(''));
  },
);
