import { fasterThanLinear, growthOf } from '@purser/core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { promptBounds, textTokensMax } from './prompt-bounds.ts';

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
