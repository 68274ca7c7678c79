import { describe, expect, it } from 'vitest';
import { marginState, ratioWords } from './margin.ts';

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const row = (revenue: string, cost: string, margin: string, margin_ratio: string | null, margin_min: string | null = '0.15') => ({
  key: 'PRO',
  name: null,
  revenue: eur(revenue),
  fees: eur('0'),
  cost: eur(cost),
  margin: eur(margin),
  margin_ratio,
  margin_min,
});

describe('margins on the page', () => {
  it('tells a margin from one below its minimum, a loss, and cost without revenue', () => {
    expect(marginState(row('100', '20', '80', '0.8'))).toBe('ok');
    expect(marginState(row('100', '85.01', '14.99', '0.1499'))).toBe('below');
    expect(marginState(row('100', '20', '80', '0.8', '0.9'))).toBe('below');
    expect(marginState(row('100', '86', '14', '0.14', null))).toBe('ok');
    expect(marginState(row('100', '100', '0', '0'))).toBe('loss');
    expect(marginState(row('0', '0.01', '-0.01', null))).toBe('unpaid');
    expect(marginState(row('0', '0', '0', null))).toBe('none');
  });

  it('writes ratios as per cent, cut and never rounded up', () => {
    expect(ratioWords('0.1499999')).toBe('14.9 %');
    expect(ratioWords('-0.5')).toBe('−50.0 %');
    expect(ratioWords('1')).toBe('100.0 %');
    expect(ratioWords('0.876')).toBe('87.6 %');
  });
});
