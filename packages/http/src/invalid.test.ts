import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { amountSchema } from '@purser/api';

import { invalidSentence } from './invalid.ts';

const schema = z.strictObject({
  operation: z.string().min(1),
  complexity: z.enum(['simple', 'medium', 'complex']).optional(),
  tokens: z.int().min(1).max(100).optional(),
  max_cost: amountSchema.optional(),
  key: z.string().optional(),
  share: z.union([z.string(), z.number()]).optional(),
});

function sentence(body: unknown): string {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) throw new Error('want a mistake');
  return invalidSentence(result.error, 'body');
}

describe('the sentence about a body that does not fit', () => {
  it.each([
    [{}, '"operation": want a string, it is missing'],
    [[], 'the body: want an object, got an array of 0'],
    [null, 'the body: want an object, got null'],
    [{ operation: 7 }, '"operation": want a string, got 7'],
    [{ operation: '' }, '"operation": want at least 1 characters, got ""'],
    [{ operation: 'a', complexity: 'hard' }, '"complexity": want one of "simple", "medium", "complex", got "hard"'],
    [{ operation: 'a', tokens: 1.5 }, '"tokens": want a whole number, got 1.5'],
    [{ operation: 'a', tokens: 1e9 }, '"tokens": want at most 100, got 1000000000'],
    [{ operation: 'a', max_cost: '1' }, '"max_cost": want an object, got "1"'],
    [
      { operation: 'a', max_cost: { amount: 'much', currency: 'EUR' } },
      '"max_cost.amount": want a decimal such as "0.000315", got "much"',
    ],
    [{ operation: 'a', prompts: 'x' }, 'the body has the unknown member "prompts"'],
    [{ operation: 'a', share: [] }, '"share": want a string or a number, got an array of 0'],
  ])('names the field, what is wanted and what was given: %j', (body, wanted) => {
    expect(sentence(body)).toBe(wanted);
  });

  it('never repeats a secret, and says only how long a long value is', () => {
    expect(sentence({ operation: 'a', key: 12345 })).toBe('"key": want a string, got a number');
    expect(sentence({ operation: 'a', complexity: 'x'.repeat(5000) })).toContain('got a string of 5000 characters');
  });

  it('names three mistakes and counts the rest', () => {
    expect(sentence({ complexity: 1, tokens: 'x', max_cost: 1, key: 1 })).toMatch(/; and 2 more$/);
  });
});
