import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/* The files of this repository, as the tests about its structure and its words read them. */

export interface Source {
  /** From the root, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

export const ROOT = import.meta.dirname;
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.purser', 'test-results', '.cache']);

function walk(folder: string, found: string[] = []): string[] {
  for (const entry of readdirSync(path.join(ROOT, folder), { withFileTypes: true })) {
    const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(file, found);
    else if (entry.isFile()) found.push(file);
  }
  return found;
}

export const files = walk('');
export const sources: Source[] = files
  .filter(
    (file) =>
      /\.(ts|tsx|mjs|sql|css)$/.test(file) && file !== 'docs/schema.sql' && !['tidy.test.ts', 'structure.test.ts'].includes(file),
  )
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
export const code = sources.filter(({ file }) => /\.(ts|tsx|mjs)$/.test(file));

/** Every workspace, by the name of its folder. */
export const packages = [
  ...['packages', 'apps'].flatMap((above) =>
    readdirSync(path.join(ROOT, above)).map((name) => ({ name, folder: `${above}/${name}` })),
  ),
  { name: 'engine', folder: 'engine' },
];

export function packageOf(file: string): string | undefined {
  return file.startsWith('engine/') ? 'engine' : /^(?:packages|apps)\/([^/]+)\//.exec(file)?.[1];
}

/** What a test, and nothing else, is made of. */
export function isTest(file: string): boolean {
  return /\.test\.tsx?$|\.fixture\.ts$|\/testing[/.-]/.test(file);
}

/** Every place a pattern occurs in, as `file:line`. */
export function places(within: readonly Source[], pattern: RegExp): string[] {
  return within.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

export function except(...prefixes: string[]): Source[] {
  return code.filter(({ file }) => !prefixes.some((prefix) => file.startsWith(prefix)));
}
