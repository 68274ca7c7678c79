import { compareRatios, type Money, ONE, parseMoney, parseRatio, type Ratio } from '@purser/money';
import { z } from 'zod';

/** Text that `read` turns into a value; whatever it throws is reported as `wanted`. */
function written<T>(wanted: string, read: (text: string) => T): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    try {
      if (typeof value === 'string') return read(value.trim());
    } catch {
      // Reported below, in the words of the schema.
    }
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

function demand(condition: boolean): void {
  if (!condition) throw new RangeError('out of range');
}

const AMOUNT = /^(\S+) ([A-Z]{3})$/;
/** Above a billion units an amount is a slip of the pen. */
const AMOUNT_UNITS_MAX = 1_000_000_000n;

/** `15.99 EUR`, not negative. */
export const amount: z.ZodType<Money> = written('an amount of zero or more and a currency, such as 15.99 EUR', (text) => {
  const [, digits = '', code = ''] = AMOUNT.exec(text) ?? [];
  const value = parseMoney(digits, code);
  demand(value.nanos >= 0n && value.nanos <= AMOUNT_UNITS_MAX * 1_000_000_000n);
  return value;
});

/** `0.15`: from 0 up to, but not including, 1. */
export const share: z.ZodType<Ratio> = written('a share from 0 to below 1, such as 0.15', (text) => {
  const value = parseRatio(text);
  demand(value.numerator >= 0n && compareRatios(value, ONE) < 0);
  return value;
});

/** `0.9`: above 0, at most 1. */
export const threshold: z.ZodType<Ratio> = written('a share above 0 and at most 1, such as 0.9', (text) => {
  const value = parseRatio(text);
  demand(value.numerator > 0n && compareRatios(value, ONE) <= 0);
  return value;
});

/** `0.27`: from 0 to 1. */
export const rateOfTax: z.ZodType<Ratio> = written('a rate of tax from 0 to 1, such as 0.27', (text) => {
  const value = parseRatio(text);
  demand(value.numerator >= 0n && compareRatios(value, ONE) <= 0);
  return value;
});

export const rate: z.ZodType<Ratio> = written('a positive decimal such as 0.9435', (text) => {
  const value = parseRatio(text);
  demand(value.numerator > 0n);
  return value;
});

const COUNT_MAX = 1_000_000_000_000n;

/** A whole number that is added up: credits, tokens, e-mails. */
export const quantity: z.ZodType<bigint> = written('a whole number from 0 to 1,000,000,000,000', (text) => {
  demand(/^\d{1,13}$/.test(text));
  const value = BigInt(text);
  demand(value <= COUNT_MAX);
  return value;
});

/** A whole number of things that are sold: at least one of them. */
export const positive: z.ZodType<bigint> = written('a whole number from 1 to 1,000,000,000,000', (text) => {
  demand(/^\d{1,13}$/.test(text));
  const value = BigInt(text);
  demand(value >= 1n && value <= COUNT_MAX);
  return value;
});

/** A whole number that bounds one thing: a rate, a length, a time. */
export function count(least: number, most: number): z.ZodType<number> {
  return written(`a whole number from ${least} to ${most}`, (text) => {
    demand(/^\d{1,12}$/.test(text));
    const value = Number(text);
    demand(value >= least && value <= most);
    return value;
  });
}

export const flag: z.ZodType<boolean> = written('true or false', (text) => {
  demand(text === 'true' || text === 'false');
  return text === 'true';
});

/** `2026-11-01` (midnight UTC) or a full instant. */
export const date: z.ZodType<Temporal.Instant> = written('a date such as 2026-11-01', (text) =>
  Temporal.Instant.from(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text),
);

/** A name used elsewhere: letters, digits and the marks that model names carry. */
export const name: z.ZodType<string> = written('a name of letters, digits and . _ - : / @', (text) => {
  demand(/^[\w.:/@-]{1,120}$/.test(text));
  return text;
});

export const line: z.ZodType<string> = written('a line of 1 to 200 characters', (text) => {
  demand(text.length >= 1 && text.length <= 200 && !text.includes('\n'));
  return text;
});

export const prose: z.ZodType<string> = written('text of 1 to 4000 characters', (text) => {
  demand(text.length >= 1 && text.length <= 4000);
  return text;
});
