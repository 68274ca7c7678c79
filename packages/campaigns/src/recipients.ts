import { z } from 'zod';

import type { MergeData } from './merge-fields.ts';

/** As a caller names a recipient. */
export interface NamedRecipient {
  readonly email: string;
  readonly data?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

export interface Recipient {
  /** In lower case: mailboxes do not tell them apart, and what is suppressed has to be found. */
  readonly email: string;
  readonly data: MergeData;
}

/** A recipient that is none, with its place among those that were named. */
export interface InvalidRecipient {
  readonly index: number;
  readonly email: string;
}

export interface SortedRecipients {
  /** Each address once, in the order they were named. */
  readonly valid: readonly Recipient[];
  readonly invalid: readonly InvalidRecipient[];
  /** How many named an address that was named before. */
  readonly duplicates: number;
}

const ADDRESS = z.email().max(254);

/** Tells addresses from what is none, and each from its repeats: the first one's data holds. */
export function sortRecipients(named: readonly NamedRecipient[]): SortedRecipients {
  const valid = new Map<string, Recipient>();
  const invalid: InvalidRecipient[] = [];
  for (const [index, { email: given, data = {} }] of named.entries()) {
    const email = addressIn(given);
    if (email === undefined) invalid.push({ index, email: given });
    else if (!valid.has(email)) valid.set(email, { email, data: textsOf(data) });
  }
  return { valid: [...valid.values()], invalid, duplicates: named.length - invalid.length - valid.size };
}

/** The address that somebody wrote, as it is compared; undefined: it is none. */
export function addressIn(given: string): string | undefined {
  const email = given.trim().toLowerCase();
  return ADDRESS.safeParse(email).success ? email : undefined;
}

/** Values as a text takes them. */
export function textsOf(data: NonNullable<NamedRecipient['data']>): MergeData {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, value === null ? '' : String(value)]));
}
