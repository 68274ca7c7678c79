import { Fault } from '@purser/core';

/** One thing wrong in a catalog file, said so that its author can go and mend it. */
export interface Mistake {
  readonly file: string;
  /** `plans[2].price`; empty for the file as a whole. */
  readonly path: string;
  readonly line?: number;
  readonly given: string;
  readonly wanted: string;
}

/** All the mistakes of a catalog at once. */
export class CatalogFault extends Fault {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(describeMistake).join('\n'), { retryable: false });
    this.name = 'CatalogFault';
    this.mistakes = mistakes;
  }
}

/** `default.yaml:12 plans[2].price: got '15,99 EUR', want an amount and a currency such as 15.99 EUR` */
export function describeMistake({ file, line, path, given, wanted }: Mistake): string {
  return `${file}${line === undefined ? '' : `:${line}`}${path === '' ? '' : ` ${path}`}: got ${given}, want ${wanted}`;
}

const SHOWN_MAX = 60;

/** A value as it is shown in a mistake: short, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `'${shorten(value)}'`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'a mapping' : shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
}

export type Path = readonly (string | number)[];

export function showPath(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
