import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compare } from './amount.ts';
import { changeWords, costLeft, levelOf, meterWords, quantityWords, windowWords } from './meter.ts';

const count = fc.integer({ min: 0, max: 1_000_000 });

describe('meters on the page', () => {
  it('never shows more than the cap nor less than nothing, even when a cap was lowered under what is used', () => {
    fc.assert(
      fc.property(count, count, count, (cap, used, held) => {
        const level = levelOf({ cap, used, held });
        expect(compare(level.left, '0')).toBeGreaterThanOrEqual(0);
        expect(compare(level.left, String(cap))).toBeLessThanOrEqual(0);
        expect(level.used_share + level.held_share).toBeLessThanOrEqual(1);
        if (used + held <= cap) expect(compare(add(level.left, String(used + held)), String(cap))).toBe(0);
      }),
    );
  });

  it('asks for attention when little is left, and says when nothing is', () => {
    expect(levelOf({ cap: 100, used: 50, held: 10 }).state).toBe('ok');
    expect(levelOf({ cap: 100, used: 80, held: 5 }).state).toBe('low');
    expect(levelOf({ cap: 100, used: 100, held: 0 }).state).toBe('out');
    expect(levelOf({ cap: 0, used: 0, held: 0 }).state).toBe('out');
  });

  it('takes what is spent and held from the ceiling exactly', () => {
    const cost = {
      ceiling: { amount: '13.5915', currency: 'EUR' },
      spent: { amount: '0.000315', currency: 'EUR' },
      held: { amount: '0.01', currency: 'EUR' },
    };
    expect(costLeft(cost)).toEqual({ amount: '13.581185', currency: 'EUR' });
  });

  it('calls a quota what the catalog calls it, and what is no quota by plain words, or else by its key', () => {
    expect(meterWords({ key: 'tokens', label: 'Tokens a month' }).name).toBe('Tokens a month');
    expect(meterWords({ key: 'tokens_user_day:ada', label: 'Tokens a user and day' }).name).toBe('Tokens a user and day');
    expect(meterWords({ key: 'concurrency' }).name).toBe('Concurrent calls');
    expect(meterWords({ key: 'podcast_minutes' }).name).toBe('Podcast minutes');
    expect(windowWords('month')).toBe('this month');
    expect(windowWords('billing_period')).toBe('this period');
    expect(quantityWords(1200, 'token')).toBe('1,200');
    expect(quantityWords('0.5', 'USD')).toBe('$0.50');
  });

  it('names the parts of the credits: sold one by one, allocated to a member or a team (C12)', () => {
    expect(meterWords({ key: 'credits' }).name).toBe('Credits');
    expect(meterWords({ key: 'credits:pay_as_you_go' }).name).toBe('Pay as you go');
    expect(meterWords({ key: 'credits:member:ada' }).name).toBe('Credits allocated to you');
    expect(meterWords({ key: 'credits:team:ovens:east' }).name).toBe('Credits of team ovens:east');
  });

  it('says what moved, with its sign', () => {
    expect(changeWords(200, 198)).toBe('−2');
    expect(changeWords({ amount: '1', currency: 'EUR' }, { amount: '1.5', currency: 'EUR' })).toBe('+€0.50');
    expect(changeWords(5, '5')).toBeUndefined();
  });
});
