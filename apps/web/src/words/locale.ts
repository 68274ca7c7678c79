/** Numbers and dates are written as the reader’s own browser writes them, whatever language the words are in. */
let locale: string | undefined;

function readerLocale(): string {
  return locale ?? (typeof document === 'undefined' ? 'en-GB' : navigator.language);
}

/** For tests: what the reader’s browser would say. */
export function setReaderLocale(of: string | undefined): void {
  locale = of;
}

/** Formatters are dear to make, and each is wanted in every row. */
const numbers = new Map<string, Intl.NumberFormat>();

export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `${readerLocale()} ${JSON.stringify(options)}`;
  const known = numbers.get(name) ?? new Intl.NumberFormat(readerLocale(), options);
  numbers.set(name, known);
  return known;
}

const dates = new Map<string, Intl.DateTimeFormat>();

export function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = `${readerLocale()} ${JSON.stringify(options)}`;
  const known = dates.get(name) ?? new Intl.DateTimeFormat(readerLocale(), options);
  dates.set(name, known);
  return known;
}
