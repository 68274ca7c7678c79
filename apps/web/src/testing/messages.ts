import { parseSync } from 'oxc-parser';

/** A piece of source as the parser gives it. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

export interface SourceFile {
  /** From `src`. */
  readonly file: string;
  readonly text: string;
  readonly program: Node;
}

const TEXTS = import.meta.glob<string>(['../**/*.ts', '../**/*.tsx', '!../**/*.test.ts', '!./**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Every file of the page that is no test. */
export function sourceFiles(): SourceFile[] {
  return Object.entries(TEXTS).map(([found, text]) => {
    const file = found.replace(/^\.\.\//, '');
    const { program, errors } = parseSync(file, text);
    if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`);
    return { file, text, program: program as unknown as Node };
  });
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** Goes through all that lies below a node; what `enter` answers false to is passed by. */
function walk(node: Node, enter: (node: Node, parents: readonly Node[]) => boolean, parents: readonly Node[] = []): void {
  if (!enter(node, parents)) return;
  for (const member of Object.values(node)) {
    for (const child of Array.isArray(member) ? (member as unknown[]) : [member]) {
      if (isNode(child)) walk(child, enter, [...parents, node]);
    }
  }
}

/** `t('…')`, `rich('…')`. */
function isMessageCall(node: Node): boolean {
  return node.type === 'CallExpression' && isNode(node['callee']) && ['t', 'rich'].includes(String(node['callee']['name']));
}

/** The messages of a file, each a literal: one that is put together could not be found by a translator. */
export function messagesOf({ file, program }: SourceFile): string[] {
  const messages: string[] = [];
  walk(program, (node) => {
    if (isMessageCall(node)) {
      const [first] = node['arguments'] as Node[];
      if (first?.type !== 'Literal' || typeof first['value'] !== 'string') throw new Error(`${file}: a message is not a literal`);
      messages.push(first['value']);
    }
    return true;
  });
  return messages;
}

/** What somebody reads or hears of an element. */
const READ_OUT = new Set(['label', 'hint', 'title', 'placeholder', 'aria-label', 'alt', 'legend', 'warning', 'confirm', 'about']);
/** Marks, names and units that are the same in every language. */
const SAME_EVERYWHERE =
  /^(?:Purser|Ctrl|Enter|CSV|Ctrl K|YAML|HTTP|ms|s|you@example\.com|ann@example\.com|purser_ws_…|Purser-Workspace|https?:\S*)$/;
const WORD = /\p{L}{2,}/u;

function isProse(text: string): boolean {
  return WORD.test(text) && !SAME_EVERYWHERE.test(text.trim());
}

/** Words on the page that no catalog has: text between tags, and attributes that are read out. As `file:line: text`. */
export function proseOutsideCatalogs({ file, text, program }: SourceFile): string[] {
  const found: string[] = [];
  const add = (node: Node, words: string): void => {
    found.push(`${file}:${text.slice(0, node.start).split('\n').length}: ${words.trim()}`);
  };
  walk(program, (node, parents) => {
    if (isMessageCall(node)) return false;
    if (node.type === 'JSXText' && isProse(String(node['value']))) add(node, String(node['value']));
    const attribute = parents.findLast(({ type }) => type === 'JSXAttribute' || type === 'JSXElement');
    const name = attribute?.type === 'JSXAttribute' ? String((attribute['name'] as Node)['name']) : '';
    const literal = literalText(node);
    const shown =
      READ_OUT.has(name) || parents.at(-1)?.type === 'JSXExpressionContainer' || parents.at(-1)?.type === 'ConditionalExpression';
    const inTag = name !== '' && !READ_OUT.has(name);
    if (
      literal !== undefined &&
      shown &&
      !inTag &&
      file.endsWith('.tsx') &&
      /\p{L}{2,}.*\s|^\p{Lu}\p{Ll}+/u.test(literal) &&
      isProse(literal)
    ) {
      if (READ_OUT.has(name) || parents.some(({ type }) => type === 'JSXExpressionContainer')) add(node, literal);
    }
    return true;
  });
  return found;
}

function literalText(node: Node): string | undefined {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateLiteral') return undefined;
  return (node['quasis'] as { readonly value: { readonly cooked: string } }[]).map(({ value }) => value.cooked).join(' ');
}
