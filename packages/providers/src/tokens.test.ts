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
