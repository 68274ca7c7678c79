import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { openPool } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';

import { heading, machine, table } from '../report.ts';
import { type Argument, argumentsOf, lineOf, withoutMutant } from './argued.ts';
import { copyOf } from './copy.ts';
import { keyOf, type Mutant } from './mutant.ts';
import type { Changed } from './session.ts';
import { type Outcome, Session } from './sessions.ts';
import { mutantsOfSql } from './sql.ts';
import { type Target, TARGETS } from './targets.ts';
import { mutantsOfTypeScript } from './typescript.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const ARGUED = 'bench/mutants.md';

type Fate = 'noticed' | 'timed out' | 'survived';

interface Tried {
  readonly mutant: Mutant;
  readonly fate: Fate;
}

/**
 * Changes one place after the other in the code that decides about money, and runs the suites that should notice. `words`: parts of
 * names of files, and of lines as `file:line`; none: all. `--narrow` leaves out the suites that take long, for a first look.
 * @throws Error when a mutant survives that is not argued, or an argument speaks of none or of one that is noticed.
 */
export async function benchMutants(words: readonly string[]): Promise<void> {
  const narrow = words.includes('--narrow');
  const wanted = words.filter((word) => !word.startsWith('--'));
  const all = TARGETS.map((target) => ({ target, mutants: mutantsIn(target) }));
  const argued = argumentsOf(readFileSync(path.join(ROOT, ARGUED), 'utf8'));
  const gone = withoutMutant(
    argued,
    all.flatMap(({ mutants }) => mutants),
  );
  const begun = performance.now();
  const tried: Tried[] = [];
  using copy = copyOf(ROOT);
  await using database = await scratchDatabase();
  for (const { target, mutants } of all) {
    const chosen = mutants.filter((mutant) => wanted.length === 0 || wanted.some((words) => isWanted(mutant, words)));
    if (chosen.length === 0) continue;
    tried.push(...(await tryAll(narrow ? { ...target, wide: undefined } : target, chosen, copy.root, database.url)));
  }
  report(tried, argued, (performance.now() - begun) / 1000);
  fail(tried, argued, gone);
}

function isWanted({ file, line }: Mutant, words: string): boolean {
  const [name = '', number] = words.split(':');
  return file.includes(name) && (number === undefined || line === Number(number));
}

function mutantsIn({ files }: Target): Mutant[] {
  const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
  return files.flatMap((file) => {
    if (!file.endsWith('/')) return mutantsOfTypeScript(file, read(file));
    const migrations = readdirSync(path.join(ROOT, file)).filter((name) => name.endsWith('.sql'));
    return mutantsOfSql(migrations.toSorted().map((name) => ({ file: file + name, text: read(file + name) })));
  });
}

async function tryAll({ narrow, wide }: Target, mutants: readonly Mutant[], root: string, database: string): Promise<Tried[]> {
  const tried = new Map<Mutant, Fate>();
  let left = mutants;
  for (const suites of wide ? [narrow, wide] : [narrow]) {
    const asked = left;
    await using session = new Session(root, database, suites);
    const told = (place: number, { fate, by }: Outcome): void => {
      const mutant = asked[place];
      if (!mutant) return;
      tried.set(mutant, fate);
      console.error(`${place + 1}/${asked.length} ${mutant.file}:${mutant.line} ${mutant.change} — ${fate} ${by}`);
    };
    await session.tryAll(asked.map(changeOf), told, () => dropTemplates(database));
    left = asked.filter((mutant) => tried.get(mutant) === 'survived');
    if (left.length === 0) break;
  }
  return mutants.map((mutant) => ({ mutant, fate: tried.get(mutant) ?? 'survived' }));
}

function changeOf({ file, text }: Mutant): Changed {
  return { file, text, original: readFileSync(path.join(ROOT, file), 'utf8') };
}

/** Each changed migration makes a template of its own, which nobody wants again. */
async function dropTemplates(server: string): Promise<void> {
  const pool = openPool(server, { connections_max: 1 });
  try {
    const { rows } = await pool.query<{ datname: string }>(
      `select datname from pg_database where datname ~ '^purser_(test|template)_'`,
    );
    for (const { datname } of rows) await pool.query(`drop database if exists "${datname}" with (force)`);
  } finally {
    await pool.end();
  }
}

function report(tried: readonly Tried[], argued: readonly Argument[], seconds: number): void {
  const known = new Set(argued.map(keyOf));
  heading('Mutants');
  console.log(`${machine()}. ${tried.length} in ${(seconds / 60).toFixed(1)} minutes.\n`);
  const rows = [...Map.groupBy(tried, ({ mutant }) => mutant.file)].map(([file, own]) => {
    const count = (fate: Fate): number => own.filter((one) => one.fate === fate).length;
    const answered = own.filter(({ mutant, fate }) => fate === 'survived' && known.has(keyOf(mutant))).length;
    return [`\`${file}\``, own.length, count('noticed'), count('timed out'), answered, count('survived') - answered];
  });
  table(['file', 'mutants', 'noticed', 'run for ever', 'argued', 'survived'], rows);
}

function fail(tried: readonly Tried[], argued: readonly Argument[], gone: readonly Argument[]): void {
  const known = new Set(argued.map(keyOf));
  const survived = tried.filter(({ mutant, fate }) => fate === 'survived' && !known.has(keyOf(mutant)));
  const noticed = tried.filter(({ mutant, fate }) => fate !== 'survived' && known.has(keyOf(mutant)));
  for (const [file, own] of Map.groupBy(survived, ({ mutant }) => mutant.file)) {
    console.log(`\n## ${file}\n`);
    for (const { mutant } of own) console.log(`${lineOf(mutant)}(line ${mutant.line})`);
  }
  for (const { file, code, change } of gone) console.log(`argued, and not there: ${file}: ${code}: ${change}`);
  for (const { mutant } of noticed) console.log(`argued, and noticed: ${mutant.file}:${mutant.line}: ${mutant.change}`);
  if (survived.length + gone.length + noticed.length > 0) {
    throw new Error(
      `${survived.length} mutants survive without an argument in ${ARGUED}; ${gone.length} arguments are about none, ${noticed.length} about noticed ones`,
    );
  }
}
