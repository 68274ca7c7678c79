import { currency, formatMoney, type Money, money } from '@purser/money';

/** Currencies that Stripe counts in whole units, and those it counts in thousandths; all others go by hundredths. */
const WHOLE = new Set(['BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF']);
const THOUSANDTHS = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

function nanosPerMinor(code: string): bigint {
  if (WHOLE.has(code)) return 1_000_000_000n;
  return THOUSANDTHS.has(code) ? 1_000_000n : 10_000_000n;
}

/** @throws RangeError when the amount has a fraction that cannot be paid. */
export function toMinor(amount: Money): number {
  const per = nanosPerMinor(amount.currency);
  if (amount.nanos % per !== 0n)
    throw new RangeError(`${formatMoney(amount)} cannot be paid: it has a part of the smallest coin`);
  return Number(amount.nanos / per);
}

/** @throws RangeError when it is no amount of a currency. */
export function fromMinor(amount: number, code: string): Money {
  const of = currency(code.toUpperCase());
  return money(BigInt(amount) * nanosPerMinor(of), of);
}
