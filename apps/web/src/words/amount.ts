import { numberFormat } from './locale.ts';

/** Money as it travels: a plain decimal string and its currency. Never turned into a floating-point number. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

/** What the wire calls a count or an amount: whole numbers may come as numbers, everything else as decimal strings. */
export type Quantity = number | string | Money;

/** An exact decimal: `units` × 10^-`places`. */
interface Decimal {
  readonly units: bigint;
  readonly places: number;
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;

function parse(text: string): Decimal {
  const found = DECIMAL.exec(text.trim());
  if (found === null) throw new RangeError(`a decimal number such as 0.000315 was wanted, got ${JSON.stringify(text)}`);
  const [, sign = '', whole = '0', fraction = ''] = found;
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, places: fraction.length };
}

function print({ units, places }: Decimal): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  return sign + whole + (fraction === '' ? '' : `.${fraction}`);
}

function align(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const places = Math.max(a.places, b.places);
  return [a.units * 10n ** BigInt(places - a.places), b.units * 10n ** BigInt(places - b.places), places];
}

/** The decimal text of any quantity: `12`, `'0.5'` and `{amount: '0.5', …}` alike. */
export function decimalOf(quantity: Quantity): string {
  if (typeof quantity === 'object') return quantity.amount;
  return typeof quantity === 'number' ? wholeNumber(quantity) : quantity;
}

/** Numbers only ever carry whole counts here; an exponent would not parse. */
function wholeNumber(count: number): string {
  return Number.isInteger(count) ? BigInt(count).toString() : count.toString();
}

export function add(a: string, b: string): string {
  const [x, y, places] = align(parse(a), parse(b));
  return print({ units: x + y, places });
}

export function subtract(a: string, b: string): string {
  const [x, y, places] = align(parse(a), parse(b));
  return print({ units: x - y, places });
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compare(a: string, b: string): number {
  const [x, y] = align(parse(a), parse(b));
  return x < y ? -1 : x > y ? 1 : 0;
}

/** `part / whole` as 0 … 1 in steps of a ten-thousandth: good for a bar's width, never for money. */
export function share(part: string, whole: string): number {
  const [x, y] = align(parse(part), parse(whole));
  if (y <= 0n || x <= 0n) return 0;
  return x >= y ? 1 : Number((x * 10_000n) / y) / 10_000;
}

/** Reads what a person may type as an amount: `1`, `0.05`, `.5` or `0,05`, to the nano-unit. */
export function readAmount(typed: string): string | undefined {
  const text = typed.trim().replace(',', '.').replace(/^\./, '0.');
  return /^\d{1,12}(\.\d{1,9})?$/.test(text) ? text : undefined;
}

/** `1234567` → `1,234,567`, as the reader writes numbers; decimals are kept as they are. */
export function formatCount(quantity: Quantity): string {
  const text = print(parse(decimalOf(quantity)));
  return minus(numberFormat({ maximumFractionDigits: 20 }).format(text as Intl.StringNumericLiteral));
}

/** A hyphen is no minus. */
function minus(text: string): string {
  return text.replace('-', '−');
}

/** Rounds half up to `places` decimals. */
function round(value: Decimal, places: number): Decimal {
  if (value.places <= places) return value;
  const step = 10n ** BigInt(value.places - places);
  const magnitude = value.units < 0n ? -value.units : value.units;
  const rounded = (magnitude + step / 2n) / step;
  return { units: value.units < 0n ? -rounded : rounded, places };
}

export interface MoneyParts {
  /** Sign and symbol, where the reader writes them first. */
  readonly before: string;
  /** Whole units with two decimals: what is read first. */
  readonly head: string;
  /** The further decimals, where a single call shows. */
  readonly tail: string;
  /** The symbol, where the reader writes it last. */
  readonly after: string;
}

const DIGITS = new Set(['integer', 'group', 'decimal', 'fraction']);
const DECIMALS_MAX = 20;

/** Every digit, split where the eye should stop: `€` `13.59` `1185`. */
export function moneyParts(money: Money): MoneyParts {
  const text = print(parse(money.amount)) as Intl.StringNumericLiteral;
  const parts = moneyFormat(money.currency)?.formatToParts(text);
  if (parts === undefined) {
    const plain = numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: DECIMALS_MAX }).format(text);
    return { before: `${money.currency}\u00a0`, head: minus(plain), tail: '', after: '' };
  }
  const first = parts.findIndex(({ type }) => DIGITS.has(type));
  const last = parts.findLastIndex(({ type }) => DIGITS.has(type));
  const join = (some: readonly Intl.NumberFormatPart[]): string => minus(some.map(({ value }) => value).join(''));
  const fraction = parts.find(({ type }) => type === 'fraction')?.value ?? '';
  const figure = join(parts.slice(first, last + 1));
  return {
    before: join(parts.slice(0, first)),
    head: fraction.length > 2 ? figure.slice(0, 2 - fraction.length) : figure,
    tail: fraction.slice(2),
    after: join(parts.slice(last + 1)),
  };
}

/** Undefined: that is no currency. */
function moneyFormat(currency: string): Intl.NumberFormat | undefined {
  try {
    return numberFormat({ style: 'currency', currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: DECIMALS_MAX });
  } catch {
    return undefined;
  }
}

/** Every digit there is, two decimals at least: `€13.5915`, `$0.000315`. */
export function formatMoney(money: Money): string {
  const { before, head, tail, after } = moneyParts(money);
  return before + head + tail + after;
}

/** For tables and summaries: two decimals from 1 up, else three digits that count; `€13.59`, `$0.0123`. Hover shows the exact amount. */
export function formatMoneyShort(money: Money): string {
  const value = parse(money.amount);
  const exact = print(value);
  const fraction = exact.split('.')[1] ?? '';
  const below_one = exact.replace('-', '').startsWith('0');
  const zeros = /^0*/.exec(fraction)?.[0].length ?? 0;
  const places = below_one && fraction !== '' ? Math.max(2, zeros + 3) : 2;
  return formatMoney({ amount: print(round(value, places)), currency: money.currency });
}
