import { parseSync } from 'oxc-parser';

import { type Edit, type Mutant, mutantsOf } from './mutant.ts';

/** A part of a syntax tree. */
interface Part {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

const SWAPPED: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '>>': ['<<'],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
  '/=': ['*='],
  '??=': ['='],
  '&&': ['||'],
  '||': ['&&'],
};

/** Functions and methods that stand for each other's opposite. */
const OPPOSITE: Readonly<Record<string, string>> = {
  max: 'min',
  min: 'max',
  floor: 'ceil',
  ceil: 'floor',
  some: 'every',
  every: 'some',
  find: 'findLast',
  findLast: 'find',
  add: 'subtract',
  subtract: 'add',
  addRatios: 'subtractRatios',
  subtractRatios: 'addRatios',
};

/** What is written for people, and the shapes of values, decide nothing. */
const WORDS = new Set(['why', 'change', 'because', 'name']);

/** The mutants of a TypeScript file. Messages of faults, words for people and types are left as they are. */
export function mutantsOfTypeScript(file: string, text: string): Mutant[] {
  const edits: Edit[] = [];
  const of = (part: unknown): string => text.slice((part as Part).start, (part as Part).end);
  const edit = (part: unknown, replacement: string): void => {
    edits.push({ start: (part as Part).start, end: (part as Part).end, replacement });
  };
  walk(parseSync(file, text).program, [], (part, above) => {
    for (const mutate of MUTATIONS) mutate(part, { of, edit, above });
  });
  return mutantsOf(file, text, edits);
}

interface Hand {
  readonly of: (part: unknown) => string;
  readonly edit: (part: unknown, replacement: string) => void;
  /** What a part is written in, the nearest last. */
  readonly above: readonly Part[];
}

const MUTATIONS: readonly ((part: Part, hand: Hand) => void)[] = [operators, guards, choices, constants, calls, statements];

function operators(part: Part, { of, edit }: Hand): void {
  const { left, right, operator, argument } = part as { left?: Part; right?: Part; operator?: string; argument?: Part };
  if (/^(?:Binary|Logical|Assignment)Expression$/.test(part.type) && left && right) {
    if (operator === '+' && [left, right].some(isText)) return;
    for (const other of SWAPPED[operator ?? ''] ?? []) edit(part, `${of(left)} ${other} ${of(right)}`);
    // A number that stands in for nothing is changed by itself.
    if (operator === '??') for (const side of right.type === 'Literal' ? [right] : [left, right]) edit(part, of(side));
  }
  if (part.type === 'UnaryExpression' && (operator === '!' || operator === '-') && argument?.type !== 'Literal')
    edit(part, of(argument));
  if (part.type === 'UpdateExpression')
    edit(
      part,
      of(part).replace(/\+\+|--/, (sign) => (sign === '++' ? '--' : '++')),
    );
}

/** Removed early ends, and turned conditions that are no comparison. */
function guards(part: Part, { of, edit }: Hand): void {
  if (part.type !== 'IfStatement') return;
  const { test, consequent, alternate } = part as unknown as { test: Part; consequent: Part; alternate: Part | null };
  const body = consequent.type === 'BlockStatement' ? (consequent['body'] as Part[]) : [consequent];
  if (!alternate && body.length === 1 && /^(?:Return|Throw|Continue|Break)Statement$/.test(body[0]?.type ?? '')) edit(part, ';');
  if (!/^(?:Binary|Logical|Unary)Expression$/.test(test.type)) edit(test, `!(${of(test)})`);
}

function choices(part: Part, { of, edit }: Hand): void {
  if (part.type !== 'ConditionalExpression') return;
  edit(part, `${of(part['test'])} ? ${of(part['alternate'])} : ${of(part['consequent'])}`);
}

function constants(part: Part, { of, edit, above }: Hand): void {
  if (part.type !== 'Literal' || isSign(part, above)) return;
  const raw = of(part);
  const { groups } = /^(?<digits>[\d_]+)(?<suffix>n?)$/.exec(raw) ?? {};
  if (groups) {
    const value = BigInt((groups['digits'] ?? '').replaceAll('_', ''));
    for (const other of value === 0n ? [1n] : [value + 1n, value - 1n]) edit(part, `${other}${groups['suffix']}`);
  }
  if (raw === 'true' || raw === 'false') edit(part, raw === 'true' ? 'false' : 'true');
  if (raw === `'up'` || raw === `'down'`) edit(part, raw === `'up'` ? `'down'` : `'up'`);
}

function calls(part: Part, { of, edit }: Hand): void {
  if (part.type !== 'CallExpression') return;
  const callee = part['callee'] as Part;
  const name = callee.type === 'MemberExpression' ? (callee['property'] as Part) : callee;
  const other = Object.hasOwn(OPPOSITE, of(name)) ? OPPOSITE[of(name)] : undefined;
  const own = callee.type === 'MemberExpression' && /^(?:add|subtract)$/.test(of(name));
  if (other && !own) edit(name, other);
  if (callee.type === 'MemberExpression' && of(name) === 'filter') edit(part, of(callee['object']));
}

/** A statement that only does something, and is left out. An assertion has nothing to do where nothing is broken. */
function statements(part: Part, { of, edit }: Hand): void {
  if (part.type !== 'ExpressionStatement') return;
  const { expression } = part as unknown as { expression: Part };
  if (expression.type === 'CallExpression' && !/^assert\w*\(/.test(of(expression))) edit(part, ';');
}

/** A zero or one that something is compared with, which is the operator's other side, or the sign that an order is told by. */
function isSign(part: Part, above: readonly Part[]): boolean {
  const outer = above.at(-1);
  if (!/^[01]n?$/.test(String(part['raw']))) return false;
  if (outer?.type === 'BinaryExpression' && /^[<>]=?$/.test(String(outer['operator']))) return true;
  const choice = above.findLast(({ type }) => type !== 'UnaryExpression');
  return choice?.type === 'ConditionalExpression' && /^(?:-?1|0)$/.test(textOf(choice['alternate'])) && part !== choice['test'];
}

function textOf(part: unknown): string {
  const { type, raw, operator, argument } = part as Part;
  return type === 'UnaryExpression' ? `${String(operator)}${textOf(argument)}` : String(raw);
}

function isText({ type, value }: Part): boolean {
  return type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string');
}

/** Everything that decides: no types, no messages, no words for people. */
function walk(part: unknown, above: readonly Part[], visit: (part: Part, above: readonly Part[]) => void): void {
  if (Array.isArray(part)) {
    for (const one of part as unknown[]) walk(one, above, visit);
    return;
  }
  if (typeof part !== 'object' || part === null) return;
  const node = part as Part;
  if (typeof node.type === 'string') {
    if (/^TS(?!AsExpression|NonNull|Satisfies)|^(?:Throw|Import|TemplateLiteral)/.test(node.type)) return;
    if (node.type === 'Property' && WORDS.has((node['key'] as { name?: string }).name ?? '')) return;
    visit(node, above);
    if (node.type === 'CallExpression' && (node['callee'] as { name?: string }).name === 'assert') {
      walk((node['arguments'] as unknown[])[0], [...above, node], visit);
      return;
    }
  }
  for (const [member, value] of Object.entries(node)) if (member !== 'typeAnnotation') walk(value, [...above, node], visit);
}
