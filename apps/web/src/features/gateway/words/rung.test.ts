import { describe, expect, it } from 'vitest';
import { rungWords } from './rung.ts';

describe('what a rung does, in plain words', () => {
  it('says the steps it knows, and any other as it came', () => {
    expect(rungWords('output_tokens_max: 500')).toBe('longest answer, in tokens: 500');
    expect(rungWords('quotas: posts_platform_week 1')).toBe('tighter quota: posts platform week 1');
    expect(rungWords('new_batch: false')).toBe('no extra batch of candidates');
    expect(rungWords('moon_phase: full')).toBe('moon phase: full');
  });
});
