/** The sums of one day, model and currency, as they are gathered: nano-units. */
export interface Sum {
  readonly day: string;
  readonly model: string;
  readonly unit: string;
  attempts: bigint;
  booked: bigint;
  posted_before: bigint;
  resolved: bigint;
  billed: bigint;
}

export const dayOf = (at: Temporal.Instant): string => at.toString().slice(0, 10);

export function sumOf(sums: Map<string, Sum>, day: string, model: string, unit: string): Sum {
  const key = `${day} ${unit} ${model}`;
  let sum = sums.get(key);
  if (sum === undefined) {
    // A copy: a part of a text keeps all of the text it was read from in memory.
    const name = Buffer.from(model).toString();
    sum = { day, model: name, unit, attempts: 0n, booked: 0n, posted_before: 0n, resolved: 0n, billed: 0n };
    sums.set(key, sum);
  }
  return sum;
}

/** What the bill has over what is accounted for. */
export const differenceOf = ({ billed, booked, posted_before, resolved }: Sum): bigint =>
  billed - booked - posted_before - resolved;

/** A bill names a model with its date (`gpt-4o-2024-08-06`); the longest of our names that it begins with is meant. */
export function nameOf(theirs: string, ours: ReadonlySet<string>): string {
  for (let end = theirs.length; end > 0; end = Math.max(theirs.lastIndexOf('-', end - 1), theirs.lastIndexOf('@', end - 1))) {
    const name = theirs.slice(0, end);
    if (ours.has(name)) return name;
  }
  return theirs;
}
