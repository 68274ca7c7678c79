import type { TrialBalanceRow } from '@purser/api';
import { add, compare, decimalOf } from '../../../words/amount.ts';

export interface UnitBalance {
  readonly unit: string;
  readonly rows: readonly TrialBalanceRow[];
  readonly debit: string;
  readonly credit: string;
  readonly balanced: boolean;
}

/** The trial balance by unit, for euros and credits never add up to anything; each unit balances on its own. */
export function balanceByUnit(rows: readonly TrialBalanceRow[]): readonly UnitBalance[] {
  const units = [...new Set(rows.map((row) => row.unit))].toSorted();
  return units.map((unit) => {
    const own = rows.filter((row) => row.unit === unit);
    const debit = own.reduce((sum, row) => add(sum, decimalOf(row.debit)), '0');
    const credit = own.reduce((sum, row) => add(sum, decimalOf(row.credit)), '0');
    return { unit, rows: own, debit, credit, balanced: compare(debit, credit) === 0 };
  });
}
