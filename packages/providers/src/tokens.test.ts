import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countTokens, takeTokens } from './tokens.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.lorem({ maxCount: 40 }),
  fc.constantFrom('กาแฟสกัดเย็น 12 ชั่วโมง', '咖啡很好喝。', 'a1b22 c-d'),
);

test.each([
  ['', 0],
  ['ship', 1],
  ['ships', 2],
  ['1234', 2],
  ['Hi, you!', 4],
  ['กาแฟ', 4],
  ['咖啡', 2],
  ['   \n ', 0],
])('%j counts %i tokens', (given, tokens) => {
  expect(countTokens(given)).toBe(tokens);
});

test('counts add up over a space', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(countTokens(`${a} ${b}`)).toBe(countTokens(a) + countTokens(b));
    }),
  );
});

test('a cut never counts more than allowed, is a prefix, and leaves a text that fits alone', () => {
  fc.assert(
    fc.property(text, fc.nat({ max: 30 }), (given, max) => {
      const taken = takeTokens(given, max);
      expect(countTokens(taken)).toBeLessThanOrEqual(max);
      expect(given.startsWith(taken)).toBe(true);
      if (countTokens(given) <= max) expect(taken).toBe(given);
    }),
  );
});

test('a cut keeps vowels and tone marks with their letter', () => {
  expect(takeTokens('กี่โมง', 2)).toBe('');
  expect(takeTokens('กี่โมง', 3)).toBe('กี่');
});

test('counts as the rule says it, whatever the text: runs of letters and marks, runs of digits, signs', () => {
  const dense =
    /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
  const byRule = (given: string): number =>
    [...given.matchAll(/[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]/gu)].reduce((sum, [run]) => {
      if (/^\p{N}/u.test(run)) return sum + Math.ceil(run.length / 3);
      if (!/^[\p{L}\p{M}]/u.test(run)) return sum + 1;
      return sum + (dense.test(run) ? Array.from(run).length : Math.ceil(run.length / 4));
    }, 0);
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        fc.string({ unit: 'binary' }),
        fc
          .array(fc.constantFrom('a', 'é', ' ', 'ก', '咖', '1', '½', '𝟙', '𐐷', '!', '\ud800', '\u0300'), { maxLength: 40 })
          .map((parts) => parts.join('')),
      ),
      (given) => {
        expect(countTokens(given)).toBe(byRule(given));
      },
    ),
    { numRuns: 300 },
  );
});
