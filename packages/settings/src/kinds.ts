import { z } from 'zod';

/*
 * What a setting can be. Each kind says what it got and what it wants; a secret is never repeated, not even when it is wrong.
 */

export function wrong(got: string, want: string): string {
  return `got ${JSON.stringify(got)}, want ${want}`;
}

export function wrongSecret(want: string): string {
  return `got something else (not shown), want ${want}`;
}

export function whole(min: number, max: number) {
  return z.string().transform((given, context) => {
    const number = /^\d{1,15}$/.test(given.trim()) ? Number(given) : Number.NaN;
    if (number >= min && number <= max) return number;
    context.addIssue({ code: 'custom', message: wrong(given, `a whole number from ${min} to ${max}`) });
    return z.NEVER;
  });
}

export function flag() {
  return z.string().transform((given, context) => {
    if (given === '1' || given === 'true') return true;
    if (given === '0' || given === 'false') return false;
    context.addIssue({ code: 'custom', message: wrong(given, '1 or 0') });
    return z.NEVER;
  });
}

/** Off, on, or on from an instant: where the clock that can be moved starts. */
export function startOfClock() {
  return z.string().transform((given, context): TestClockSetting | undefined => {
    if (given === '0' || given === 'false') return undefined;
    if (given === '1' || given === 'true') return { starts_at: undefined };
    try {
      return { starts_at: Temporal.Instant.from(given) };
    } catch {
      context.addIssue({ code: 'custom', message: wrong(given, '1, 0, or a time to start at such as 2027-01-01T00:00:00Z') });
      return z.NEVER;
    }
  });
}

export interface TestClockSetting {
  /** Undefined: the present of this machine. */
  readonly starts_at: Temporal.Instant | undefined;
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  return z.string().transform((given, context) => {
    const choice = choices.find((one) => one === given);
    if (choice !== undefined) return choice;
    context.addIssue({ code: 'custom', message: wrong(given, `one of ${choices.join(', ')}`) });
    return z.NEVER;
  });
}

export function text(want: string, pattern = /./) {
  return z.string().refine((given) => pattern.test(given), { error: (issue) => wrong(String(issue.input), want) });
}

/** A key as providers hand them out: visible characters without a space, so a header can carry it. */
export function secret() {
  return z.string().refine((given) => /^[\x21-\x7e]+$/.test(given), { error: wrongSecret('a key without spaces') });
}

/** One of several keys, and its share of the calls. */
export interface WeightedKey {
  readonly key: string;
  readonly weight: number;
}

const KEYS_MAX = 100;
const WEIGHT_MAX = 1_000;

/** Keys of one account or several, each with its weight: `key:3,key`. A weight that is left out is 1. */
export function weightedKeys() {
  const want = `up to ${KEYS_MAX} different keys without spaces, separated by commas, each with a weight from 1 to ${WEIGHT_MAX} if you like: key:3,key`;
  return z.string().transform((given, context): readonly WeightedKey[] => {
    const keys = given.split(',').map((part) => weightedKey(part.trim()));
    const known = keys.filter((key) => key !== undefined);
    const different = new Set(known.map(({ key }) => key)).size === keys.length;
    if (different && keys.length <= KEYS_MAX) return known;
    context.addIssue({ code: 'custom', message: wrongSecret(want) });
    return z.NEVER;
  });
}

function weightedKey(part: string): WeightedKey | undefined {
  const [, key = '', weight = '1'] = /^([\x21-\x2b\x2d-\x7e]+?)(?::(\d{1,4}))?$/.exec(part) ?? [];
  const share = Number(weight);
  return key === '' || share < 1 || share > WEIGHT_MAX ? undefined : { key, weight: share };
}

/** A key whose maker marks what it is by how it begins. */
export function secretLike(beginning: RegExp, want: string) {
  return secret().refine((given) => beginning.test(given), { error: wrongSecret(want) });
}

/** A secret that people choose themselves, so it has a least length. */
export function atLeast(characters: number) {
  return z.string().refine((given) => given.length >= characters && /^[\x21-\x7e]+$/.test(given), {
    error: wrongSecret(`at least ${characters} characters without spaces`),
  });
}

/** A URL of one of the schemes. With `'secret'` it may carry a password and is not shown when it is wrong. */
export function address(want: string, schemes: readonly string[], shown: 'shown' | 'secret' = 'shown') {
  return z.string().refine((given) => URL.canParse(given) && schemes.includes(new URL(given).protocol), {
    error: ({ input }) => (shown === 'secret' || String(input).includes('@') ? wrongSecret(want) : wrong(String(input), want)),
  });
}

/** Which server of several `target_session_attrs` asks for; ours is always the one that takes writes. */
const WRITABLE = new Set(['any', 'read-write', 'primary']);

/** One PostgreSQL: a list of hosts is for clients that look for the primary themselves. */
export function database() {
  return z.string().transform((given, context) => {
    const message = databaseMistake(given);
    if (message === undefined) return given;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

function databaseMistake(given: string): string | undefined {
  const hosts = /^postgres(?:ql)?:\/\/(?:[^/]*@)?([^/?]*)/.exec(given)?.[1] ?? '';
  const params = new URLSearchParams(given.split('?')[1] ?? '');
  if (hosts.includes(',') || params.get('host')?.includes(',') === true) {
    return 'got several hosts, want one: a name or a proxy that points to the primary, also after a failover';
  }
  if (!URL.canParse(given) || !['postgres:', 'postgresql:'].includes(new URL(given).protocol)) {
    return wrongSecret('postgres://user:password@host:port/database');
  }
  const wanted = params.get('target_session_attrs') ?? 'any';
  if (WRITABLE.has(wanted)) return undefined;
  return wrong(`target_session_attrs=${wanted}`, 'read-write: every server writes');
}
