import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const ISSUES_MAX = 3;
const VALUE_CHARS_MAX = 60;
const KEYS_MAX = 5;
const PATH_CHARS_MAX = 200;

/** Members whose value is a secret: a sentence about them names the type alone. */
const SECRET = new Set(['key', 'token', 'password', 'secret', 'authorization']);

/** One plain sentence out of what zod found: for each field its path, what is wanted and what was given. */
export function invalidSentence(error: z.core.$ZodError, whole: 'body' | 'query' | 'path' | 'headers'): string {
  const issues = error.issues.slice(0, ISSUES_MAX).map((issue) => issueSentence(issue, whole));
  const rest = error.issues.length - issues.length;
  return `${issues.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

function issueSentence(issue: Issue, whole: string): string {
  const path = issue.path.length === 0 ? `the ${whole}` : `"${short(issue.path.map(String).join('.'), PATH_CHARS_MAX)}"`;
  const secret = issue.path.some((step) => typeof step === 'string' && SECRET.has(step.toLowerCase()));
  const got = issue.input === undefined ? 'it is missing' : `got ${described(issue.input, secret)}`;
  switch (issue.code) {
    case 'invalid_type':
      return `${path}: want ${article(issue.expected)}, ${got}`;
    case 'invalid_value':
      return `${path}: want ${oneOf(issue.values)}, ${got}`;
    case 'unrecognized_keys':
      return `${path} has ${issue.keys.length === 1 ? 'the unknown member' : 'the unknown members'} ${named(issue.keys)}`;
    case 'too_small':
      return `${path}: want at least ${sized(issue.minimum, issue.origin)}, ${got}`;
    case 'too_big':
      return `${path}: want at most ${sized(issue.maximum, issue.origin)}, ${got}`;
    case 'invalid_format':
      return `${path}: ${issue.message.startsWith('want ') ? issue.message : `want a valid ${issue.format}`}, ${got}`;
    case 'invalid_union':
      return `${path}: ${unionWants(issue) ?? 'matches none of the accepted forms'}, ${got}`;
    case 'custom':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
      return `${path}: ${issue.message}`;
  }
}

function named(keys: readonly string[]): string {
  const shown = keys.slice(0, KEYS_MAX).map((key) => `"${short(key, VALUE_CHARS_MAX)}"`);
  const rest = keys.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function short(text: string, chars_max: number): string {
  return text.length > chars_max ? `${text.slice(0, chars_max)}…` : text;
}

function unionWants(issue: Extract<Issue, { code: 'invalid_union' }>): string | undefined {
  const wants = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'invalid_type' && inner.path.length === 0 ? [article(inner.expected)] : [])),
  );
  return wants.length > 0 ? `want ${wants.join(' or ')}` : undefined;
}

function article(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function oneOf(values: readonly unknown[]): string {
  const shown = values.map((value) => JSON.stringify(value)).join(', ');
  return values.length === 1 ? shown : `one of ${shown}`;
}

function sized(bound: number | bigint, origin: string): string {
  if (origin === 'string') return `${bound} characters`;
  if (origin === 'array') return `${bound} ${bound === 1 ? 'element' : 'elements'}`;
  return String(bound);
}

function described(value: unknown, secret: boolean): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (secret) return article(typeof value);
  if (typeof value === 'string' && value.length > VALUE_CHARS_MAX) return `a string of ${value.length} characters`;
  return JSON.stringify(value);
}
