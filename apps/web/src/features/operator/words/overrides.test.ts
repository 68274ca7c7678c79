import { describe, expect, it } from 'vitest';
import { draftOf, overridesFrom } from './overrides.ts';

const BEFORE = {
  ceiling: { amount: '25.50', currency: 'EUR' },
  quotas: { tokens_month: 5_000_000, video_minutes_month: 7 },
  pinned: { text: { model: 'gemini/pro', version: '2.5.0' } },
  valid_until: '2027-03-01T12:30:00Z',
  accepted_loss: { reason: 'pilot' },
};

describe('terms that were agreed, as fields', () => {
  it('changes nothing when no field was touched, also in what the page has no field for', () => {
    expect(overridesFrom(draftOf(BEFORE), BEFORE, 'EUR')).toEqual({ overrides: BEFORE });
    expect(overridesFrom(draftOf({}), {}, 'EUR')).toEqual({ overrides: {} });
  });

  it('puts each term in its place, in the plan’s currency and from the start of the day', () => {
    const draft = { ...draftOf({}), ceiling: '30,5', 'rate.rpm': '1,200', valid_from: '2027-01-01', priority: 'high' };
    expect(overridesFrom(draft, {}, 'EUR')).toEqual({
      overrides: {
        ceiling: { amount: '30.5', currency: 'EUR' },
        rate: { rpm: 1200 },
        valid_from: '2027-01-01T00:00:00Z',
        priority: 'high',
      },
    });
  });

  it('takes out what is emptied, and what is empty then, and keeps its neighbours', () => {
    const draft = { ...draftOf(BEFORE), 'quotas.tokens_month': '', 'accepted_loss.reason': '', ceiling: '' };
    expect(overridesFrom(draft, BEFORE, 'EUR')).toEqual({
      overrides: { quotas: { video_minutes_month: 7 }, pinned: BEFORE.pinned, valid_until: BEFORE.valid_until },
    });
  });

  it('names the field that cannot be read', () => {
    expect(overridesFrom({ ...draftOf({}), concurrency: 'many' }, {}, 'EUR')).toEqual({ wrong: 'concurrency' });
    expect(overridesFrom({ ...draftOf({}), ceiling: '-1' }, {}, 'EUR')).toEqual({ wrong: 'ceiling' });
  });
});
