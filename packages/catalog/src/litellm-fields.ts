import { formatDecimal, parseDecimal } from '@purser/money';

/** One entry of the community table, its numbers as they are written. */
export type Fields = Readonly<Record<string, unknown>>;

export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

export function textOf(entry: Fields, field: string): string | undefined {
  const value = entry[field];
  return typeof value === 'string' ? value : undefined;
}

/** Which prices of an entry were looked at: what was not is told. */
const READ = new WeakMap<Fields, Set<string>>();

export function noteRead(entry: Fields, field: string): void {
  const read = READ.get(entry) ?? new Set();
  READ.set(entry, read.add(field));
}

const PRICED = /cost|pricing/u;
/** Prices of what is not billed here, and why. */
const FIELDS_LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/^(?:input|output)_dbu_cost/u, 'the same price in units of Databricks'],
  [/cache_creation_input_audio_token/u, 'sound written to a cache, which no call here asks for'],
  [/video/u, 'video in a prompt, which no call here takes'],
  [/per_audio_per_second|cost_per_second/u, 'sound by the second beside tokens, which is what is billed'],
  [/per_character/u, 'characters beside tokens, which are what is billed'],
  [/per_image(?:_above_\d+k_tokens)?$/u, 'pictures in a prompt by the piece, which are counted as tokens'],
  [/per_pixel/u, 'pixels, where no size is known'],
  [
    /cost_per_query|per_page|per_credit|session|file_search|computer_use|vector_store|citation/u,
    'a tool that no call here asks for',
  ],
  [/_(?:priority|flex|batches)$/u, 'a service tier without a price for both input and output'],
  [/_above_/u, 'a tier of what has no price below it'],
];

export function fieldsLeftOut(name: string, entry: Fields): (LeftOut & { field: string })[] {
  const read = READ.get(entry);
  return Object.keys(entry)
    .filter((field) => PRICED.test(field) && read?.has(field) !== true)
    .filter((field) => plain(textOf(entry, field) ?? '1') !== '0')
    .map((field) => ({
      name,
      field,
      reason: FIELDS_LEFT_OUT.find(([pattern]) => pattern.test(field))?.[1] ?? 'a price of a kind that is not known here',
    }));
}

export function priceOf(entry: Fields, field: string): string | undefined {
  noteRead(entry, field);
  const text = textOf(entry, field);
  return text === undefined ? undefined : plain(text);
}

/** Plain decimal text of the same value; undefined for what is no decimal, or is negative. */
export function plain(text: string): string | undefined {
  try {
    const { digits, decimals } = parseDecimal(text);
    return digits < 0n ? undefined : formatDecimal(digits, decimals);
  } catch {
    return undefined;
  }
}

export function timesWhole(amount: string, count: bigint): string {
  const { digits, decimals } = parseDecimal(amount);
  return formatDecimal(digits * count, decimals);
}

export function isZero(amount: string): boolean {
  return parseDecimal(amount).digits === 0n;
}

export function dearer(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  const shared = Math.max(left.decimals, right.decimals);
  const scaled = ({ digits, decimals }: typeof left): bigint => digits * 10n ** BigInt(shared - decimals);
  return scaled(left) >= scaled(right) ? a : b;
}
