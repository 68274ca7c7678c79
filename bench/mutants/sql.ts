import { type Edit, type Mutant, mutantsOf } from './mutant.ts';

/** A migration as the runner reads it: its file and its text. */
export interface Migration {
  readonly file: string;
  readonly text: string;
}

/** What is kept and forgotten of people is tried elsewhere; here it is money. */
const NOT_OF_MONEY = /\.(?:erase_\w+|forget_answers)$/;

/** A function's body in its migration. */
interface Body extends Migration {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const SWAPPED: readonly (readonly [RegExp, readonly string[]])[] = [
  [/ <= /g, [' < ', ' > ']],
  [/ >= /g, [' > ', ' < ']],
  [/ < /g, [' <= ', ' >= ']],
  [/ > /g, [' >= ', ' <= ']],
  [/ <> /g, [' = ']],
  // Other equations are left out as whole conditions.
  [/(?<=\b(?:if|when|case) [^;]{1,60}) = /g, [' <> ']],
  [/ \+ /g, [' - ']],
  [/ - /g, [' + ']],
  [/ \* (?!from\b)/g, [' / ']],
  [/ \/ /g, [' * ']],
  [/\bleast(?=\()/g, ['greatest']],
  [/\bgreatest(?=\()/g, ['least']],
  [/\bmin(?=\()/g, ['max']],
  [/\bmax(?=\()/g, ['min']],
  [/\bbool_or(?=\()/g, ['bool_and']],
  [/\bbool_and(?=\()/g, ['bool_or']],
  [/\bis not null\b/g, ['is null']],
  [/\bis null\b/g, ['is not null']],
  [/\bnot (?=\w)(?!null|exists)/g, ['']],
  [/\bnot exists\b/g, ['exists']],
  [/ or /g, [' and ']],
  [/ nulls last\b/g, ['']],
  [/ desc\b/g, ['']],
  [/\btrue\b/g, ['false']],
  [/\bfalse\b/g, ['true']],
  [/\bexit;/g, ['null;']],
  [/\bif [^;]+ then (?:return|continue)[^;]*; end if;/g, ['']],
];

/**
 * The mutants of the functions that migrations leave in the database: of a function that a later one replaces or drops, none. What the
 * server refuses to create is no mutant; whoever runs them sees that.
 */
export function mutantsOfSql(migrations: readonly Migration[]): Mutant[] {
  return migrations.flatMap(({ file, text }) => {
    const edits = bodiesOf(migrations)
      .filter((body) => body.file === file)
      .flatMap((body) => editsOf(text, body));
    return mutantsOf(file, text, edits);
  });
}

/** The last body of each function. Names are enough: none of these is overloaded. */
function bodiesOf(migrations: readonly Migration[]): Body[] {
  const last = new Map<string, Body>();
  for (const { file, text } of migrations) {
    const found = text.matchAll(/^(?:drop function ([\w.]+)|create (?:or replace )?function ([\w.]+)[\s\S]*?\bas \$\$)/gm);
    for (const { 0: head, 1: dropped, 2: name = '', index } of found) {
      if (dropped !== undefined) last.delete(dropped);
      else if (!NOT_OF_MONEY.test(name))
        last.set(name, { file, text, name, start: index + head.length, end: text.indexOf('$$', index + head.length) });
    }
  }
  return [...last.values()];
}

function editsOf(text: string, { start, end }: Body): Edit[] {
  const code = text.slice(0, start).replaceAll(/[^\n]/g, ' ') + blanked(text.slice(start, end));
  const edits: Edit[] = [];
  for (const [pattern, others] of SWAPPED) {
    for (const { 0: found, index } of code.matchAll(pattern)) {
      if (isBetween(code, index, found)) continue;
      for (const replacement of others) edits.push({ start: index, end: index + found.length, replacement });
    }
  }
  // Neither the fence of a plan nor the dimension of an array.
  for (const { 0: found, index } of code.matchAll(/(?<![\w.$']|offset |subscripts\([\w.]+, )\d+(?![\w.'])/g)) {
    if (/ [<>]=? $/.test(code.slice(0, index).slice(-4)) && Number(found) === 0) continue;
    const value = Number(found);
    for (const other of value === 0 ? [1] : [value + 1, value - 1])
      edits.push({ start: index, end: index + found.length, replacement: String(other) });
  }
  return [...edits, ...conjuncts(code), ...defaults(code, text)].map((edit) => withContext(text, edit));
}

/** Comments and what stands in quotes, as spaces: places stay the same. */
function blanked(sql: string): string {
  return sql.replaceAll(/--[^\n]*|'(?:[^']|'')*'/g, (found) => {
    const quoted = found.startsWith(`'`);
    return quoted ? `'${' '.repeat(found.length - 2)}'` : ' '.repeat(found.length);
  });
}

/** The `and` of a `between` joins no conditions. */
function isBetween(code: string, index: number, found: string): boolean {
  return found === ' and ' && /\bbetween [^()]{1,60}$/.test(code.slice(Math.max(0, index - 70), index));
}

const ENDS =
  /^(?:and|or|then|group|order|having|limit|returning|loop|window|from|where|on|when|else|end|union|offset|for|cross|left|join|as)\b|^[;,)\]]/;

/** A condition among others that always holds: what it kept out comes in. */
function conjuncts(code: string): Edit[] {
  const edits: Edit[] = [];
  for (const { 0: found, index } of code.matchAll(/\b(?:where|and|if|on|when|elsif|having) /g)) {
    if (/\bon $/.test(found) && code.startsWith('conflict', index + 3)) continue;
    if (found === 'and ' && isBetween(code, index - 1, ' and ')) continue;
    const start = index + found.length;
    const end = endOfCondition(code, start);
    if (end > start) edits.push({ start, end, replacement: 'true' });
  }
  return edits;
}

function endOfCondition(code: string, start: number): number {
  let depth = 0;
  for (let place = start; place < code.length; place++) {
    const sign = code[place] ?? '';
    const begins = place === start || /[\s()]/.test(code[place - 1] ?? '');
    if (depth === 0 && place > start && (begins || /[;,)\]]/.test(sign)) && ENDS.test(code.slice(place, place + 12)))
      return code.slice(0, place).trimEnd().length;
    if (sign === '(' || sign === '[') depth++;
    if (sign === ')' || sign === ']') depth--;
  }
  return start;
}

/** `coalesce(a, b)` as either of the two alone. */
function defaults(code: string, text: string): Edit[] {
  const edits: Edit[] = [];
  for (const { 0: found, index } of code.matchAll(/\bcoalesce\(/g)) {
    const from = index + found.length;
    const comma = atDepth(code, from, ',');
    const close = atDepth(code, from, ')');
    if (comma < 0 || close < comma) continue;
    edits.push({ start: index, end: close + 1, replacement: `(${text.slice(from, comma).trim()})` });
    edits.push({ start: index, end: close + 1, replacement: `(${text.slice(comma + 1, close).trim()})` });
  }
  return edits;
}

function atDepth(code: string, from: number, wanted: string): number {
  let depth = 0;
  for (let place = from; place < code.length; place++) {
    const sign = code[place] ?? '';
    if (depth === 0 && sign === wanted) return place;
    if (sign === '(' || sign === '[') depth++;
    if (sign === ')' || sign === ']') depth--;
  }
  return -1;
}

/** A lone operator says little: the words beside it go with it. */
function withContext(text: string, { start, end, replacement }: Edit): Edit {
  const before = /[\w.'[\])(]*$/.exec(text.slice(Math.max(0, start - 24), start))?.[0] ?? '';
  const after = /^[\w.'[\]()]*/.exec(text.slice(end, end + 24))?.[0] ?? '';
  return { start: start - before.length, end: end + after.length, replacement: before + replacement + after };
}
