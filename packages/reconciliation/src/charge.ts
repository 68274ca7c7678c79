/** One thing a provider says it billed: a call by its id, or what a day and a model came to. */
export interface Charge {
  readonly at: Temporal.Instant;
  /** As the provider names it; null when it does not say. */
  readonly model: string | null;
  /** The provider's own id of one call; null for a sum. */
  readonly request_id: string | null;
  /** Nano-units of `unit`. */
  readonly cost: bigint;
  readonly unit: string;
}

/** More than anybody is billed, and far from what a column of the books holds. */
const NANOS_MAX = 10n ** 18n;
const AMOUNT = /^(-?)(\d{1,12})?(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Nano-units of a decimal number as providers write it (`0.06`, `1.2e-05`), rounded half up; undefined when it is none, or beyond a thousand million. */
export function toNanos(text: string, shift = 9): bigint | undefined {
  const match = AMOUNT.exec(text.trim());
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const places = shift + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  const nanos = places >= 0 ? digits * 10n ** BigInt(places) : (digits + 10n ** BigInt(-places) / 2n) / 10n ** BigInt(-places);
  if (nanos > NANOS_MAX) return undefined;
  return sign === '-' ? -nanos : nanos;
}

/** A cost report names lines such as `gpt-4o-2024-08-06, input`. */
export function modelOf(line: string | null | undefined): string | null {
  const name = line?.split(',')[0]?.trim() ?? '';
  return name === '' ? null : name;
}
