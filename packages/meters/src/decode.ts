import type { EndOutcome } from './hold.ts';

/** What `meters.apply` returns: array literals, null where there is nothing to say. */
export interface AppliedRow {
  readonly verdicts: string | null;
  readonly lefts: string | null;
  readonly others: string | null;
  readonly states: string | null;
  readonly places: string | null;
  readonly credits: string | null;
}

/** What became of a batch, by the places of its holds and ends. */
export interface Applied {
  /** For each hold 0 (held), the leg that was denied, −1 for a replay, −2 for a mismatch; absent: all are held. */
  readonly verdicts?: readonly number[];
  readonly lefts?: readonly bigint[];
  readonly others?: readonly string[];
  /** What each hold to be ended was before; absent: all were open. */
  readonly states?: readonly EndOutcome['before'][];
  /** By the place of an end: the credits its workspace has left. */
  readonly credits: ReadonlyMap<number, bigint>;
}

export function decodeApplied(row: AppliedRow | undefined): Applied {
  if (row === undefined) throw new TypeError('meters.apply returns one row');
  const places = elements(row.places);
  const left = elements(row.credits);
  const credits = new Map<number, bigint>();
  for (const [index, place] of places.entries()) {
    const amount = left[index] ?? 'NULL';
    if (amount !== 'NULL') credits.set(Number(place) - 1, BigInt(amount));
  }
  return {
    credits,
    ...(row.verdicts !== null && { verdicts: elements(row.verdicts).map(Number) }),
    ...(row.lefts !== null && { lefts: elements(row.lefts).map(BigInt) }),
    ...(row.others !== null && { others: elements(row.others) }),
    ...(row.states !== null && { states: elements(row.states) as EndOutcome['before'][] }),
  };
}

/** The elements of an array literal whose elements need no quoting. */
function elements(literal: string | null): string[] {
  return literal === null || literal === '{}' ? [] : literal.slice(1, -1).split(',');
}
