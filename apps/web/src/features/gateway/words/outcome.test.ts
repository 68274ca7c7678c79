import { describe, expect, it } from 'vitest';
import { outcomeWords } from './outcome.ts';

describe('outcomes in words', () => {
  it('tells an answer from a failure, and says what it does not know as it came', () => {
    expect(outcomeWords('ok')).toEqual({ words: 'Done', good: true });
    expect(outcomeWords('rate_limited').good).toBe(false);
    expect(outcomeWords('not sent')).toEqual({ words: 'not sent', good: false });
    expect(outcomeWords('toString')).toEqual({ words: 'toString', good: false });
  });
});
