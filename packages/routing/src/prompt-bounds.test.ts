import { fasterThanLinear, growthOf } from '@purser/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { promptBounds, serialisedBounds, textTokensMax } from './prompt-bounds.ts';

/** A letter, then marks of two classes that normalizing has to sort: the worst there is for it. */
const marks = (count: number): string => `a${'\u0300'.repeat(count)}${'\u0316'.repeat(count)}`;

test('the bound is at least one token a byte, in every form a tokenizer may bring the text into', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      for (const form of [text, text.normalize('NFC'), text.normalize('NFKC')]) {
        expect(textTokensMax(text)).toBeGreaterThan(Buffer.byteLength(form));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a character that grows when it is normalised counts at its full size', () => {
  expect(Buffer.byteLength('ﷺ')).toBe(3);
  expect(textTokensMax('ﷺ')).toBe(34);
});

test('bounds add up: more messages or longer ones never bound lower', () => {
  const messages = fc.array(fc.record({ content: fc.string({ unit: 'grapheme', maxLength: 50 }) }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.string({ unit: 'grapheme', maxLength: 50 }), (before, content) => {
      const fewer = promptBounds(before);
      const more = promptBounds([...before, { content }]);
      expect(more.input_tokens_max).toBeGreaterThan(fewer.input_tokens_max + Buffer.byteLength(content));
      expect(more.chars).toBe(fewer.chars + content.length);
    }),
  );
});

test('a prompt of nothing but combining marks is bounded in time that grows as it does', () => {
  expect(fasterThanLinear(growthOf((size) => textTokensMax(marks(size / 2)), { size_max: 4 << 20 }))).toBeUndefined();
});

test('of a long prompt the tokens of a vendor whose tokenizer is public bound less, and never less than there are', () => {
  const words = 'The harbor opened in 1887. It closed in 1931, after a fire; the town rebuilt it with a longer pier. '.repeat(
    3_000,
  );
  const [gpt, claude] = [
    { provider: 'openai', name: 'gpt-5.1' },
    { provider: 'anthropic', name: 'claude-sonnet-4-5' },
  ];
  const bounds = promptBounds([{ content: words }]);
  expect(bounds.tokensMaxFor(claude)).toBe(bounds.input_tokens_max);
  expect(bounds.tokensMaxFor(gpt)).toBeLessThan(words.length / 3);
  const body = JSON.stringify({ messages: [{ role: 'user', content: words }], tools: [{ name: 'x'.repeat(500) }] });
  const serialised = serialisedBounds(body, 1, [words]);
  expect(serialised.tokensMaxFor(claude)).toBe(serialised.input_tokens_max);
  expect(serialised.tokensMaxFor(gpt) - bounds.tokensMaxFor(gpt)).toBeGreaterThan(500);
  expect(serialised.tokensMaxFor(gpt)).toBeLessThan(words.length / 3);
});

test('a short prompt is bounded by its bytes, whoever reads it', () => {
  const bounds = promptBounds([{ content: 'The harbor opened in 1887.' }]);
  expect(bounds.tokensMaxFor({ provider: 'openai', name: 'gpt-5.1' })).toBe(bounds.input_tokens_max);
});
