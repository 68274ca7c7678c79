import { type Currency, currency, formatMoney, type Money, money } from './money.ts';

/** Currencies that payment providers count in whole units, and those they count in thousandths; all others go by hundredths. */
const WHOLE = new Set(['BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF']);
const THOUSANDTHS = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);
/** Told in hundredths, and paid in whole units all the same. */
const WHOLE_IN_HUNDREDTHS = new Set(['ISK', 'UGX']);

const UNIT = 1_000_000_000n;

function nanosPerMinor(code: string): bigint {
  if (WHOLE.has(code)) return UNIT;
  return THOUSANDTHS.has(code) ? UNIT / 1000n : UNIT / 100n;
}

/** The least amount that can be paid, and of which every price is a multiple. Cards carry thousandths only in tens. */
export function smallestPayment(of: Currency): Money {
  const whole = WHOLE.has(of) || WHOLE_IN_HUNDREDTHS.has(of);
  return money(whole ? UNIT : UNIT / 100n, of);
}

/** What a payment provider is told. @throws RangeError when the amount cannot be paid. */
export function toMinor(amount: Money): number {
  const least = smallestPayment(amount.currency);
  if (amount.nanos % least.nanos !== 0n)
    throw new RangeError(`${formatMoney(amount)} cannot be paid: want an amount in whole ${formatMoney(least)}`);
  return Number(amount.nanos / nanosPerMinor(amount.currency));
}

/** What a payment provider tells. @throws RangeError when it is no amount of a currency. */
export function fromMinor(amount: number, code: string): Money {
  const of = currency(code.toUpperCase());
  return money(BigInt(amount) * nanosPerMinor(of), of);
}
