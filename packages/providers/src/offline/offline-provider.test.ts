import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ProviderAnswer, type ProviderCall, ProviderError } from '../provider.ts';
import { countTokens } from '../tokens.ts';
import { offlineProvider } from './offline-provider.ts';
import { OFFLINE_OPERATIONS } from './request.ts';
import { ARTICLE, THAI } from './testing.ts';

function callOf(content: string, operation: string | undefined, more: Partial<ProviderCall> = {}): ProviderCall {
  return {
    provider: 'offline',
    model: 'offline-text',
    messages: [{ role: 'user', content }],
    output_tokens_max: 2_000,
    signal: new AbortController().signal,
    ...(operation === undefined ? {} : { operation }),
    ...more,
  };
}

const ask = (content: string, operation?: string, more?: Partial<ProviderCall>): Promise<ProviderAnswer> =>
  offlineProvider.generate(callOf(content, operation, more));

describe('any operation on any text', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.lorem({ maxCount: 12, mode: 'sentences' }),
    fc.constantFrom(ARTICLE, THAI, '', '###', '咖啡很好喝。每天两杯。', 'قهوة باردة لذيذة جدا'),
  );
  const operations = fc.constantFrom(...OFFLINE_OPERATIONS, 'campaign', undefined);

  test('gives the same answer each time, within the output limit, labelled offline, and billed as counted', async () => {
    await fc.assert(
      fc.asyncProperty(texts, operations, fc.integer({ min: 1, max: 200 }), fc.boolean(), async (text, operation, max, json) => {
        const more = { output_tokens_max: max, ...(json && { format: { type: 'json' } as const }) };
        const [first, second] = [await ask(text, operation, more), await ask(text, operation, more)];
        expect(second).toEqual(first);
        expect(first).toMatchObject({ offline: true, model: { provider: 'offline' } });
        const output_tokens = countTokens(first.text);
        expect(first.usage).toEqual({ certainty: 'final', usage: { input_tokens: countTokens(text), output_tokens } });
        expect(output_tokens).toBeLessThanOrEqual(max);
      }),
      { numRuns: 150 },
    );
  });

  test('streams exactly the answer it would give whole, in several pieces', async () => {
    for (const text of [ARTICLE, THAI]) {
      const whole = await ask(text, 'draft');
      const pieces: string[] = [];
      let end: ProviderAnswer | null = null;
      for await (const event of offlineProvider.stream(callOf(text, 'draft'))) {
        if (event.type === 'text') pieces.push(event.text);
        else if (event.type === 'end') end = event.answer;
      }
      expect(pieces.length).toBeGreaterThan(5);
      expect(pieces.join('')).toBe(whole.text);
      expect(end).toEqual(whole);
    }
  });

  test('JSON stays valid when it has to be cut', async () => {
    for (const operation of OFFLINE_OPERATIONS) {
      const answer = await ask(ARTICLE, operation, { format: { type: 'json' }, output_tokens_max: 60 });
      expect(JSON.parse(answer.text)).toMatchObject({ offline: true, operation });
    }
  });
});

test('a call that was ended is a time-out, billed for what was delivered', async () => {
  await expect(ask(ARTICLE, 'draft', { signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'timeout', billed: 'no' });
  const leaving = new AbortController();
  const reading = (async () => {
    for await (const event of offlineProvider.stream(callOf(ARTICLE, 'draft', { signal: leaving.signal }))) {
      if (event.type === 'text') leaving.abort();
    }
  })();
  const error: unknown = await reading.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ProviderError);
  expect((error as ProviderError).billed).toMatchObject({ output_tokens: countTokens((error as ProviderError).delivered) });
});

test('a text beyond the reading limit says what was left out', async () => {
  const answer = await ask('A long story about ships. '.repeat(5_000), 'summarise');
  expect(answer.text).toMatch(/\[110000 characters beyond the limit were not read\.\]$/u);
});

describe('embeddings', () => {
  const embed = async (...inputs: string[]): Promise<readonly (readonly number[])[]> =>
    (
      await offlineProvider.embed?.({
        provider: 'offline',
        model: 'offline-embedding',
        inputs,
        signal: new AbortController().signal,
      })
    )?.vectors.map((vector) => [...vector]) ?? [];
  const dot = (a: readonly number[] = [], b: readonly number[] = []): number =>
    a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

  test('equal texts have equal vectors of unit length; shared words bring texts nearer', async () => {
    const [coffee, again, near, far] = await embed(
      'cold brew coffee',
      'cold brew coffee',
      'iced coffee, cold',
      'tax law for pensioners',
    );
    expect(coffee).toEqual(again);
    expect(dot(coffee, coffee)).toBeCloseTo(1);
    expect(dot(coffee, near)).toBeGreaterThan(dot(coffee, far) + 0.2);
  });

  test('impossible dimensions are refused', async () => {
    const call = { provider: 'offline', model: 'offline-embedding', inputs: ['x'], signal: new AbortController().signal };
    for (const dimensions of [0, 1.5, 1e9]) {
      await expect(offlineProvider.embed?.({ ...call, dimensions })).rejects.toMatchObject({ kind: 'refused', billed: 'no' });
    }
    const answer = await offlineProvider.embed?.({ ...call, dimensions: 8 });
    expect(answer?.vectors[0]).toHaveLength(8);
  });
});
