import { describe, expect, it } from 'vitest';
import { levelWords } from './level.ts';

describe('what a level does, in plain words', () => {
  it('says the steps it knows, and any other as it came', () => {
    expect(levelWords('output_tokens_max: 500')).toBe('longest answer, in tokens: 500');
    expect(levelWords('quotas: posts_platform_week 1')).toBe('tighter quota: posts platform week 1');
    expect(levelWords('new_batch: false')).toBe('no extra batch of candidates');
    expect(levelWords('moon_phase: full')).toBe('moon phase: full');
  });
});
