import { currency, formatAmount, type Money, money, type Ratio, ratio, scale, smallestPayment } from '@purser/money';
import fc from 'fast-check';

/** What one US dollar is in each currency that catalogs here are sold in: with hundredths, without any, with thousandths. */
export const DOLLAR: Readonly<Record<string, Ratio>> = {
  USD: ratio(1n, 1n),
  EUR: ratio(94n, 100n),
  JPY: ratio(150n, 1n),
  KWD: ratio(31n, 100n),
};
export const CURRENCIES = Object.keys(DOLLAR);

/** So many cents of a dollar, in a currency, in amounts that can be paid; `odd` adds what cannot. */
export function amountOf(cents: number, code: string, odd = false): Money {
  const of = currency(code);
  const least = smallestPayment(of).nanos;
  const { nanos } = scale(money(BigInt(cents) * 10_000_000n, of), DOLLAR[code] ?? ratio(1n, 1n), 'up');
  return money(((nanos + least - 1n) / least) * least + (odd ? least / 2n : 0n), of);
}

export const written = ({ nanos, currency: of }: Money): string => `${formatAmount({ nanos, currency: of })} ${of}`;
export const percent = (of: number): string => (of / 100).toFixed(2);
export const chance = (of: number) => fc.integer({ min: 1, max: 100 }).map((drawn) => drawn <= of);
export const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
export const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
export const present = (record: object): object => JSON.parse(JSON.stringify(record)) as object;
