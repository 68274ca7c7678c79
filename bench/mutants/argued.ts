import { keyOf, type Mutant } from './mutant.ts';

/** Why no test can notice a mutant, or need not. */
export interface Argument {
  readonly file: string;
  readonly code: string;
  readonly change: string;
  readonly why: string;
}

const FILE = /^## (\S+)$/;
const ARGUMENT = /^- (`+) ?(.+?) ?\1 · (`+) ?(.+?) ?\3: (.+)$/;

/** Reads the list of arguments. @throws Error at a line that is neither a heading, an argument nor text. */
export function argumentsOf(markdown: string): Argument[] {
  const found: Argument[] = [];
  let file = '';
  for (const [index, line] of markdown.split('\n').entries()) {
    file = FILE.exec(line)?.[1] ?? file;
    if (!line.startsWith('- `')) continue;
    const [, , code = '', , change = '', why = ''] = ARGUMENT.exec(line) ?? [];
    if (file === '' || why === '')
      throw new Error(`line ${index + 1} is no argument: want "- \`code\` · \`change\`: why" under "## file"`);
    found.push({ file, code, change, why });
  }
  return found;
}

/** As it stands in the list, but for the reason. */
export function lineOf({ code, change }: Pick<Mutant, 'code' | 'change'>): string {
  return `- ${quoted(code)} · ${quoted(change)}: `;
}

function quoted(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Arguments about what is not there any more: the code has changed, and what was said of it is void. */
export function withoutMutant(all: readonly Argument[], mutants: readonly Mutant[]): Argument[] {
  const known = new Set(mutants.map(keyOf));
  return all.filter((one) => !known.has(keyOf(one)));
}
