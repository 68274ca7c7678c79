import type { Arm } from '@purser/api';
import { describe, expect, it } from 'vitest';
import { comparisonOf, saysLittle, standWords } from './rollout.ts';

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const arm = (of: Arm['arm'], more: Partial<Arm>): Arm => ({
  arm: of,
  workspaces: 3,
  calls: 200,
  refused: {},
  refusal_ratio: '0.000000',
  margin: [],
  ...more,
});
const line = (cost: string, margin_ratio: string | null) => ({
  revenue: eur('15.99'),
  fees: eur('0.5'),
  cost: eur(cost),
  margin: eur('0'),
  margin_ratio,
});

describe('a roll-out in words (C13)', () => {
  it('says how far it has come', () => {
    expect(standWords({ state: 'running', share: 0.05 })).toBe('5 % of customers');
    expect(standWords({ state: 'running', share: 0 })).toBe('no customers yet');
    expect(standWords({ state: 'completed', share: 1 })).toBe('completed');
    expect(standWords({ state: 'rolled_back', share: 0.5 })).toBe('rolled back');
  });

  it('sets both sides next to each other, and says where those who were moved are worse off', () => {
    const rows = comparisonOf([
      arm('treatment', { refused: { rate_limited: 5 }, refusal_ratio: '0.025000', margin: [line('2', '0.84')] }),
      arm('control', { refused: { credits_exhausted: 1 }, refusal_ratio: '0.005000', margin: [line('4', '0.71')] }),
    ]);
    const rowOf = (name: string) => rows.find((row) => row.name === name);
    expect(rowOf('Refused')).toEqual({ name: 'Refused', treatment: '2.5 %', control: '0.5 %', verdict: 'worse' });
    expect(rowOf('Too many calls in a short time')).toMatchObject({ treatment: '5', control: '0' });
    expect(rowOf('Not enough credits for this call')).toMatchObject({ treatment: '0', control: '1' });
    expect(rowOf('Cost and fees in EUR')).toMatchObject({ treatment: '€2.50', control: '€4.50' });
    expect(rowOf('Gross margin in EUR')).toEqual({
      name: 'Gross margin in EUR',
      treatment: '84.0 %',
      control: '71.0 %',
      verdict: 'better',
    });
  });

  it('judges nothing that is not known on both sides, and says when there are too few calls', () => {
    const arms = [
      arm('treatment', { calls: 0, refusal_ratio: null, margin: [line('1', null)] }),
      arm('control', { refusal_ratio: '0.100000' }),
    ];
    expect(comparisonOf(arms).filter(({ verdict }) => verdict !== undefined)).toEqual([]);
    expect(comparisonOf(arms).find(({ name }) => name === 'Refused')).toMatchObject({ treatment: '–', control: '10.0 %' });
    expect(saysLittle(arms)).toBe(true);
    expect(saysLittle([arm('treatment', {}), arm('control', {})])).toBe(false);
  });
});
