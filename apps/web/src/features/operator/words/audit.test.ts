import { describe, expect, it } from 'vitest';

import { actionWords, changesOf } from './audit.ts';

describe('an audit event', () => {
  it('is named by what was done', () => {
    expect(actionWords('workspace.change')).toBe('Workspace change');
    expect(actionWords('credits.take_back')).toBe('Credits take back');
  });

  it('says what was changed, from what to what, and nothing of what stayed', () => {
    const detail = {
      before: { plan: 'FREE', name: 'Bakery', overrides: {} },
      after: { plan: 'PRO', name: 'Bakery', overrides: { ceiling: { amount: '25', currency: 'EUR' }, rate: { rpm: 9 } } },
    };
    expect(changesOf(detail)).toEqual(['plan: FREE → PRO', 'overrides: none → ceiling 25 EUR, rate rpm 9']);
  });

  it('says every other detail by its name, and no empty one', () => {
    expect(changesOf({ credits: 500, reason: 'an apology', expires_at: null, on: true, kinds: ['a', 'b'] })).toEqual([
      'credits: 500',
      'reason: an apology',
      'on: yes',
      'kinds: a, b',
    ]);
    expect(changesOf({})).toEqual([]);
  });
});
