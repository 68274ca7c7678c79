import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { marginBar, ratioWords } from './margin.ts';

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const row = (revenue: string, fees: string, cost: string) => ({
  key: 'PRO',
  name: null,
  revenue: eur(revenue),
  fees: eur(fees),
  cost: eur(cost),
  margin: eur('0'),
  margin_ratio: null,
  margin_min: '0.15',
});

describe('margins on the page', () => {
  it('splits the revenue so that the parts make the whole', () => {
    const cents = fc.nat(1_000_000).map((value) => (value / 100).toFixed(2));
    fc.assert(
      fc.property(cents, cents, cents, (revenue, fees, cost) => {
        const bar = marginBar(row(revenue, fees, cost));
        const sum = bar.cost_share + bar.fees_share + bar.kept_share;
        if (Number(revenue) === 0) expect(sum).toBe(0);
        else expect(sum).toBeCloseTo(1, 6);
      }),
    );
  });

  it('tells a kept margin from a thin one, a loss and a gift', () => {
    expect(marginBar(row('100', '3', '20')).state).toBe('kept');
    expect(marginBar(row('100', '3', '83')).state).toBe('thin');
    expect(marginBar({ ...row('100', '3', '20'), margin_min: '0.9' })).toMatchObject({ state: 'thin', minimum: 0.9 });
    expect(marginBar({ ...row('100', '3', '83'), margin_min: null })).toMatchObject({ state: 'kept', minimum: undefined });
    expect(marginBar(row('100', '3', '97')).state).toBe('lost');
    expect(marginBar(row('0', '0', '0.01')).state).toBe('given');
    expect(marginBar(row('0', '0', '0')).state).toBe('none');
  });

  it('writes ratios as per cent, cut and never rounded up', () => {
    expect(ratioWords('0.1499999')).toBe('14.9 %');
    expect(ratioWords('-0.5')).toBe('−50.0 %');
    expect(ratioWords('1')).toBe('100.0 %');
    expect(ratioWords('0.876')).toBe('87.6 %');
  });
});
