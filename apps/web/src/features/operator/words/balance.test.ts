import { describe, expect, it } from 'vitest';
import { balanceByUnit } from './balance.ts';

describe('the trial balance on the page', () => {
  it('adds each unit by itself, exactly, and says whether it balances', () => {
    const balances = balanceByUnit([
      { account: 'cost', unit: 'USD', debit: '0.1', credit: '0', net: '0.1' },
      { account: 'overrun', unit: 'USD', debit: '0.2', credit: '0', net: '0.2' },
      { account: 'payable:gemini', unit: 'USD', debit: '0', credit: '0.3', net: '-0.3' },
      { account: 'wallet', unit: 'credit', debit: 3, credit: 200, net: -197 },
    ]);
    expect(balances.map(({ unit, balanced }) => [unit, balanced])).toEqual([
      ['USD', true],
      ['credit', false],
    ]);
    expect(balances[0]?.debit).toBe('0.3');
  });

  it('has nothing to add where nothing is booked', () => {
    expect(balanceByUnit([])).toEqual([]);
  });
});
