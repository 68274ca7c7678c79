import type { Problem } from '../api/problem.ts';

/** `"name": want at least 1 characters, got ""`, and what is said of further members after a semicolon. */
const PART = /^"([^"]+)":? (.+)$/;

export interface FieldProblems {
  /** What is said of each field, by its name in the form. */
  readonly fields: Readonly<Record<string, string>>;
  /** What belongs to no field; undefined: every part found its own. */
  readonly rest: Problem | undefined;
}

/**
 * Takes a problem apart by the members that its detail names. `named`: how the server calls a field whose name in the form is another.
 */
export function fieldProblems(
  problem: Problem,
  names: readonly string[],
  named: Readonly<Record<string, string>> = {},
): FieldProblems {
  if (problem.code !== 'invalid_request') return { fields: {}, rest: problem };
  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const part of problem.detail.split('; ')) {
    const [, member = '', said = ''] = PART.exec(part) ?? [];
    const name = named[member] ?? member;
    if (names.includes(name)) fields[name] ??= `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
    else if (part !== '') others.push(part);
  }
  const rest = others.length === 0 && Object.keys(fields).length > 0 ? undefined : { ...problem, detail: others.join('; ') };
  return { fields, rest };
}
