import { fasterThanLinear, growthOf } from '@purser/core/testing';
import fc from 'fast-check';
import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base';
import { expect, test } from 'vitest';

import { type Encoding, encodingOf, tokensAtMost, Work } from './token-count.ts';

const AS_TEXT = { disallowedSpecial: new Set<string>() };
const TRUTH: Readonly<Record<Encoding, (text: string) => number>> = {
  o200k_base: (text) => countO200k(text, AS_TEXT),
  cl100k_base: (text) => countCl100k(text, AS_TEXT),
};
const ENCODINGS = ['o200k_base', 'cl100k_base'] as const;
const plenty = () => new Work(1e9);

const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('The harbor', " don't", ' 1887', '\n\n', 'สวัสดี', '漢字', '<|endoftext|>', '👩‍🚀', '   ', 'ACRONYM', 'a̐éö̲'),
  fc
    .tuple(fc.constantFrom(' ', 'A', '\n', '!', '1', 'é', 'ส'), fc.integer({ min: 1, max: 300 }))
    .map(([of, times]) => of.repeat(times)),
);

test.each(ENCODINGS)('%s: never fewer tokens than the vendor’s own tokenizer counts, and never more than bytes', (encoding) => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      const text = words.join('');
      const most = tokensAtMost(text, encoding, plenty());
      expect(most).toBeGreaterThanOrEqual(TRUTH[encoding](text));
      expect(most).toBeLessThanOrEqual(Buffer.byteLength(text));
    }),
    { numRuns: 500 },
  );
});

const ENGLISH = 'The harbor opened in 1887. It closed in 1931, after a fire; the town rebuilt it with a longer pier. ';

test.each(ENCODINGS)('%s: of English it is exact', (encoding) => {
  const text = ENGLISH.repeat(30);
  expect(tokensAtMost(text, encoding, plenty())).toBe(TRUTH[encoding](text));
});

test('300,000 characters of English are some 75,000 tokens', () => {
  const text = ENGLISH.repeat(3_000);
  expect(tokensAtMost(text, 'o200k_base', new Work(200_000))).toBeLessThan(text.length / 3);
});

test('where the work is used up the rest counts as bytes', () => {
  const text = ENGLISH.repeat(100);
  const most = tokensAtMost(text, 'o200k_base', new Work(100));
  expect(most).toBeGreaterThan(text.length * 0.9);
  expect(most).toBeLessThanOrEqual(text.length);
});

test.each([
  ['a run of one letter', 'A'],
  ['combining marks', '\u0300'],
  ['spaces', ' '],
  ['letters and apostrophes', "A'"],
  ['a script without spaces', 'สวัสดีครับท่าน'],
  ['digits', '1'],
])('%s: time grows as the text does', (_, of) => {
  const text = (size: number): string => of.repeat(size / of.length);
  expect(
    fasterThanLinear(growthOf((size) => tokensAtMost(text(size), 'o200k_base', plenty()), { size_max: 1 << 20 })),
  ).toBeUndefined();
});

test.each([
  ['openai', 'gpt-5.6', 'o200k_base'],
  ['openai', 'gpt-4o-mini', 'o200k_base'],
  ['openai', 'o3', 'o200k_base'],
  ['openai', 'text-embedding-3-small', 'cl100k_base'],
  ['openai', 'omni-moderation-latest', undefined],
  ['openai_compatible', 'gpt-4o', undefined],
  ['anthropic', 'claude-sonnet-4-5', undefined],
  ['gemini', 'gemini-2.5-pro', undefined],
])('%s/%s is read by %s', (provider, name, encoding) => {
  expect(encodingOf({ provider, name })).toBe(encoding);
});
