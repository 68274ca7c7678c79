import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { isNode, isScalar, LineCounter, parseDocument, type Document, visit } from 'yaml';
import { z } from 'zod';

import { type Mistake, type Path, show, showPath } from './mistakes.ts';

/** A catalog file as read: its text for the version hash, its data, and where each value stands. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Mappings, lists and text: every scalar is text, so no amount is ever a float. */
  readonly data: unknown;
  lineOf(path: Path): number | undefined;
}

const BYTES_MAX = 32 * 1024 * 1024;
/** Of what is written, in characters of indentation and open brackets: no catalog comes near, and the parser's stack holds it. */
const DEPTH_MAX = 500;
/** Told of one file; each is looked for in it, and nobody reads more. */
const MISTAKES_MAX = 100;

/** Reads YAML by the failsafe schema. A file that cannot be read or parsed leaves its mistakes and an undefined result. */
export async function readSource(path: string, mistakes: Mistake[]): Promise<Source | undefined> {
  const file = basename(path);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    mistakes.push({ file: path, path: '', given: code, wanted: 'a file that can be read' });
    return undefined;
  }
  return parseSource(file, text, mistakes);
}

export function parseSource(file: string, text: string, mistakes: Mistake[]): Source | undefined {
  if (text.length > BYTES_MAX) {
    mistakes.push({ file, path: '', given: `${text.length} characters`, wanted: `at most ${BYTES_MAX}` });
    return undefined;
  }
  if (file.endsWith('.json')) return parseJson(file, text, mistakes);
  const lines = new LineCounter();
  const depth = depthOf(text);
  if (depth > DEPTH_MAX) {
    mistakes.push({ file, path: '', given: `lists and mappings ${depth} deep`, wanted: `at most ${DEPTH_MAX}` });
    return undefined;
  }
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    // The parser would compare each key with each before it.
    uniqueKeys: false,
  });
  const wrong = [...document.errors.map(({ pos, message }) => ({ at: pos[0], message })), ...keysWrittenTwice(document)];
  const told = ({ at, message }: Wrong): Mistake => {
    return { file, path: '', line: lines.linePos(at).line, given: show(message), wanted: 'valid YAML' };
  };
  mistakes.push(...firstOf(wrong, file, told));
  if (wrong.length > 0) return undefined;
  try {
    return { file, text, data: document.toJS({ maxAliasCount: 100 }), lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    mistakes.push({ file, path: '', given: show(String(error)), wanted: 'at most 100 aliases' });
    return undefined;
  }
}

interface Wrong {
  /** Where it begins in the text. */
  readonly at: number;
  readonly message: string;
}

function keysWrittenTwice(document: Document): Wrong[] {
  const twice: Wrong[] = [];
  visit(document, {
    Map(_, { items }) {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) twice.push({ at: key.range?.[0] ?? 0, message: 'Map keys must be unique' });
        keys.add(key.value);
      }
    },
  });
  return twice;
}

/** As many as are told of, and how many more there are. */
function firstOf<T>(found: readonly T[], file: string, told: (one: T) => Mistake): Mistake[] {
  const more = found.length - MISTAKES_MAX;
  const first = found.slice(0, MISTAKES_MAX).map(told);
  return more > 0 ? [...first, { file, path: '', given: `${more} more mistakes`, wanted: 'none' }] : first;
}

/**
 * At least as deep as the YAML can be: by the steps of its indentation, the marks of lists and keys at the beginning of a line, and the
 * brackets that are open. The parser goes down by a call for each.
 */
function depthOf(text: string): number {
  let deepest = 0;
  let open = 0;
  for (const line of text.split('\n')) {
    const marks = /^(?:[ \t]*[-?:](?=[ \t\r]|$))*[ \t]*/.exec(line)?.[0] ?? '';
    let inside = 0;
    for (const sign of line) {
      if (sign === '[' || sign === '{') inside += 1;
      else if (sign === ']' || sign === '}') inside = Math.max(-open, inside - 1);
      deepest = Math.max(deepest, open + inside + marks.length);
    }
    open = Math.max(0, open + inside);
  }
  return deepest;
}

/** JSON in the same form: what `purser prices import` writes. Parsed as such because it is long; its amounts are text too. */
function parseJson(file: string, text: string, mistakes: Mistake[]): Source | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return { file, text, data, lineOf: () => undefined };
  } catch (error) {
    mistakes.push({ file, path: '', given: show(String(error)), wanted: 'valid JSON' });
    return undefined;
  }
}

/** The line of a value, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

/** Parses a source by a schema; what does not fit becomes mistakes. */
export function parseBy<T>(schema: z.ZodType<T>, source: Source, mistakes: Mistake[]): T | undefined {
  const parsed = schema.safeParse(source.data);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(oneByOne);
  mistakes.push(...firstOf(issues, source.file, (issue) => mistakeOf(issue, source, schema)));
  return undefined;
}

/** Each key that is not known is a mistake of its own. */
function oneByOne(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

function mistakeOf(issue: z.core.$ZodIssue, source: Source, schema: z.ZodType): Mistake {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return mistakeAt(source, [...path, key], `the unknown key '${key}'`, `one of ${keysAt(schema, path).join(', ')}`);
  }
  return mistakeAt(source, path, show(valueAt(source.data, path)), wantedBy(issue));
}

/** The keys that a mapping at that place may have. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return keysAt(schema.element, path.slice(1));
  if (!(schema instanceof z.ZodObject)) return [];
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(schema.shape);
  const inner: unknown = schema.shape[step];
  return inner instanceof z.ZodType ? keysAt(inner, rest) : [];
}

export function mistakeAt(source: Source, path: Path, given: string, wanted: string): Mistake {
  const line = source.lineOf(path);
  return { file: source.file, path: showPath(path), ...(line === undefined ? {} : { line }), given, wanted };
}

function wantedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_type') return KINDS[issue.expected] ?? issue.expected;
  if (issue.code === 'too_small') return `at least ${issue.minimum} of them`;
  if (issue.code === 'too_big') return `at most ${issue.maximum} of them`;
  return issue.message;
}

const KINDS: Readonly<Record<string, string>> = { object: 'a mapping', record: 'a mapping', array: 'a list', string: 'a value' };

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}
