import { type Refusal, refuse } from '@purser/core';

/** Something in a request that is none of what its format allows. The message names the member, what it got and what it wants. */
class Mistake extends Error {}

export type Json = Readonly<Record<string, unknown>>;

const SHOWN_CHARS_MAX = 100;

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, SHOWN_CHARS_MAX);
}

/** What `read` makes of a request, or the refusal that tells what is wrong with it. */
export function orRefusal<T>(read: () => T): T | Refusal {
  try {
    return read();
  } catch (error) {
    if (error instanceof Mistake) return refuse('invalid_request', error.message);
    throw error;
  }
}

export function mistake(member: string, got: unknown, want: string): never {
  throw new Mistake(`${member}: got ${shown(got)}; want ${want}`);
}

/** A member, or a value of it, that nothing here has a word for. It is not left out in silence. */
export function unsupported(member: string, why = 'not supported here; leave it out'): never {
  throw new Mistake(`${member.slice(0, SHOWN_CHARS_MAX)}: ${why}`);
}

/** `null` and an empty list say nothing. */
export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** Refuses the first member that is set and not known. `at`: with its dot. */
export function onlyKnown(value: Json, known: ReadonlySet<string>, at = ''): void {
  const other = Object.keys(value).find((member) => !known.has(member) && isSet(value[member]));
  if (other !== undefined) unsupported(`${at}${other}`);
}

export function members(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/u));
}

export function objectAt(value: unknown, member: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : mistake(member, value, 'an object');
}

export function listAt(value: unknown, member: string): readonly unknown[] {
  if (!isSet(value)) return [];
  return Array.isArray(value) ? (value as unknown[]) : mistake(member, value, 'a list');
}

export function textAt(value: unknown, member: string): string {
  return typeof value === 'string' ? value : mistake(member, value, 'a text');
}

/** Undefined where it is not set. */
export function optionalText(value: unknown, member: string): string | undefined {
  return isSet(value) ? textAt(value, member) : undefined;
}

export function optionalNumber(value: unknown, member: string): number | undefined {
  if (!isSet(value)) return undefined;
  return typeof value === 'number' ? value : mistake(member, value, 'a number');
}

export function optionalFlag(value: unknown, member: string): boolean | undefined {
  if (!isSet(value)) return undefined;
  return typeof value === 'boolean' ? value : mistake(member, value, 'true or false');
}

export function oneOf<T extends string>(value: unknown, member: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  return found ?? mistake(member, value, `one of ${known.join(', ')}`);
}
