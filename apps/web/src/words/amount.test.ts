import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  decimalOf,
  formatCount,
  formatMoney,
  formatMoneyShort,
  moneyParts,
  readAmount,
  share,
  subtract,
} from './amount.ts';
import { setReaderLocale } from './locale.ts';

const nanos = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });

/** The exact decimal text of an amount in nano-units, written independently of the module under test. */
function text(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(10, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

describe('amounts on the page', () => {
  it('adds and subtracts exactly, whatever the size', () => {
    fc.assert(
      fc.property(nanos, nanos, (a, b) => {
        expect(compare(add(text(a), text(b)), text(a + b))).toBe(0);
        expect(compare(subtract(text(a), text(b)), text(a - b))).toBe(0);
      }),
    );
  });

  it('orders as the exact values do', () => {
    fc.assert(
      fc.property(nanos, nanos, (a, b) => {
        expect(compare(text(a), text(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it('shows every digit of a price and never rounds it away', () => {
    expect(formatMoney({ amount: '13.5915', currency: 'EUR' })).toBe('€13.5915');
    expect(formatMoney({ amount: '0.000315', currency: 'USD' })).toBe('$0.000315');
    expect(formatMoney({ amount: '-1234567.5', currency: 'USD' })).toBe('−$1,234,567.50');
    expect(formatMoney({ amount: '0', currency: 'EUR' })).toBe('€0.00');
  });

  it('shortens to what a table needs and keeps three digits that count of a small cost', () => {
    expect(formatMoneyShort({ amount: '13.5915', currency: 'EUR' })).toBe('€13.59');
    expect(formatMoneyShort({ amount: '0.000315', currency: 'USD' })).toBe('$0.000315');
    expect(formatMoneyShort({ amount: '0.012345678', currency: 'USD' })).toBe('$0.0123');
    expect(formatMoneyShort({ amount: '0.999999', currency: 'USD' })).toBe('$1.00');
    expect(formatMoneyShort({ amount: '19.995', currency: 'USD' })).toBe('$20.00');
  });

  it('splits a balance where the eye stops, losing nothing', () => {
    expect(moneyParts({ amount: '13.591185', currency: 'EUR' })).toEqual({ before: '€', head: '13.59', tail: '1185', after: '' });
  });

  it('writes figures as the reader does', () => {
    setReaderLocale('de-DE');
    try {
      expect(formatCount('1234567.5')).toBe('1.234.567,5');
      expect(moneyParts({ amount: '1234.5678', currency: 'EUR' })).toEqual({
        before: '',
        head: '1.234,56',
        tail: '78',
        after: '\u00a0€',
      });
    } finally {
      setReaderLocale(undefined);
    }
  });

  it('names an unknown currency by its code instead of failing', () => {
    expect(formatMoney({ amount: '1', currency: 'credit' })).toBe('credit\u00a01.00');
  });

  it('groups counts, however they came', () => {
    expect(formatCount(2_000_000)).toBe('2,000,000');
    expect(formatCount('9007199254740993')).toBe('9,007,199,254,740,993');
    expect(decimalOf(1e21)).toBe('1000000000000000000000');
  });

  it('gives a share between nothing and all', () => {
    expect(share('1', '4')).toBe(0.25);
    expect(share('5', '4')).toBe(1);
    expect(share('1', '0')).toBe(0);
    expect(share('-1', '4')).toBe(0);
  });

  it('reads an amount as people type it and refuses the rest', () => {
    expect(readAmount(' 0,05 ')).toBe('0.05');
    expect(readAmount('.5')).toBe('0.5');
    expect(readAmount('-1')).toBeUndefined();
    expect(readAmount('1e3')).toBeUndefined();
    expect(readAmount('')).toBeUndefined();
    expect(readAmount('0.0000000001')).toBeUndefined();
  });
});
