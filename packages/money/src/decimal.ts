/** An exact decimal: `digits × 10^-decimals`. */
export interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
/** Longer text is not an amount; it only costs time. */
const TEXT_MAX = 80;

/**
 * Reads decimal text (`15.99`, `-3`, and the exponent form JSON numbers are printed in, `7.5e-08`) without ever making a float of it.
 * @throws RangeError when the text is something else.
 */
export function parseDecimal(text: string): Decimal {
  const match = text.length <= TEXT_MAX ? DECIMAL.exec(text) : null;
  if (!match) throw new RangeError(`'${text.slice(0, TEXT_MAX)}' is not a decimal; want digits such as 15.99`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  let digits = BigInt(sign + whole + fraction);
  let decimals = fraction.length - Number(exponent);
  if (decimals < 0) {
    digits *= 10n ** BigInt(-decimals);
    decimals = 0;
  }
  while (decimals > 0 && digits % 10n === 0n) {
    digits /= 10n;
    decimals--;
  }
  return { digits, decimals };
}

/**
 * The integer `value × 10^decimals`.
 * @throws RangeError when the value has more decimals than that: an amount is never rounded in silence.
 */
export function scaledInteger(value: Decimal, decimals: number): bigint {
  if (value.decimals > decimals) {
    throw new RangeError(
      `${formatDecimal(value.digits, value.decimals)} has ${value.decimals} decimals; want at most ${decimals}`,
    );
  }
  return value.digits * 10n ** BigInt(decimals - value.decimals);
}

/** Plain decimal text of `digits × 10^-decimals`: no exponent, no trailing zeros. */
export function formatDecimal(digits: bigint, decimals: number): string {
  const sign = digits < 0n ? '-' : '';
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, '0');
  const whole = text.slice(0, text.length - decimals);
  const fraction = text.slice(text.length - decimals).replace(/0+$/, '');
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}
