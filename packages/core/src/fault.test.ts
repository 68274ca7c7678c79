import { expect, test } from 'vitest';

import { assert, BrokenInvariant, Fault, unreachable } from './fault.ts';

test('a fault says whether the same call may succeed later, and keeps its cause out of its public words', () => {
  const fault = new Fault('the database did not answer', { retryable: true, cause: new Error('password authentication failed') });
  expect(fault.retryable).toBe(true);
  expect(fault.message).not.toContain('password');
});

test('an invariant that does not hold stops the work, and an unknown member of a closed union is one', () => {
  expect(() => assert(false, 'postings balance')).toThrow(BrokenInvariant);
  expect(() => unreachable('surprise' as never)).toThrow('unexpected value "surprise"');
});
