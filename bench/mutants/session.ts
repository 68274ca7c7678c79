import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { parseSync } from 'oxc-parser';
import { createVitest, type TestModule } from 'vitest/node';

import type { Suites } from './targets.ts';

/** A file with a change in it; none: the suites as they are. */
export interface Changed {
  readonly file: string;
  readonly text: string;
  readonly original: string;
}

export interface Asked {
  readonly suites: Suites;
  readonly changes: readonly (Changed | undefined)[];
}

/** Of the change at that place. `noticed`: by which test; undefined when all passed. */
export type Told =
  | { readonly is: 'ready' }
  | { readonly is: 'begun'; readonly place: number }
  | { readonly is: 'tried'; readonly place: number; readonly noticed: string | undefined }
  | { readonly is: 'over' };

/*
 * A process of its own, so that it can be ended where a mutant runs for ever. A change is one test file that loads the suites anew, and
 * many of them are one run: to start a worker and to load what does not change takes longer than most suites.
 */
const [root = ''] = process.argv.slice(2);
const folder = path.join(root, 'mutants');
const tell = (told: Told): void => {
  process.send?.(told);
};

let changes: Asked['changes'] = [];
/** A migration that is changed now: those are read as files when a test begins. */
let changed: Changed | undefined;
let faults = 0;
let variants = 0;

const vitest = await createVitest({
  root,
  project: ['unit', 'embedded'],
  watch: false,
  run: true,
  maxWorkers: 1,
  silent: true,
  reporters: [{ onTestModuleQueued: begin, onTestModuleEnd: end }],
});
await vitest.globTestSpecifications(['none']);
process.on('message', (asked: Asked) => {
  run(asked).then(
    () => {
      tell({ is: 'over' });
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
tell({ is: 'ready' });

async function run(asked: Asked): Promise<void> {
  const project = vitest.projects.find(({ name }) => name === asked.suites.project);
  if (!project) throw new Error(`there is no project '${asked.suites.project}'`);
  changes = asked.changes;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const modules = new Map(changes.flatMap((change) => (change?.file.endsWith('.ts') ? [[change.file, change.original] as const] : [])));
  const originals = [...modules].map(([file, original]) => ({ file, original, name: addVariant(file, original) }));
  for (const { file, original, name } of originals) write(file, chooser(file, original, name));
  const specifications = changes.map((change, place) => {
    const file = path.join(folder, `${place}.test.ts`);
    const chosen = change?.file.endsWith('.ts') ? { [change.file]: addVariant(change.file, change.text) } : {};
    writeFileSync(file, suitesAnew(asked.suites, chosen));
    vitest.invalidateFile(file);
    return project.createSpecification(file);
  });
  await vitest.runTestSpecifications(specifications);
  put(undefined);
  for (const { file, original } of originals) write(file, original);
}

/** A worker keeps what it has loaded under its name: each variant of a module has a name of its own, beside it. */
function addVariant(file: string, text: string): string {
  const name = `./${path.basename(file, '.ts')}.variant-${variants++}.ts`;
  writeFileSync(path.join(root, path.dirname(file), name), text);
  return name;
}

/** In the place of a module: whichever of its variants is asked for. */
function chooser(file: string, original: string, name: string): string {
  const { staticExports } = parseSync(file, original).module;
  const names = staticExports.flatMap(({ entries }) => entries.flatMap((one) => (one.isType ? [] : [one.exportName.name ?? ''])));
  return `
const chosen = await import(globalThis.chosenVariants?.[${JSON.stringify(file)}] ?? ${JSON.stringify(name)});
export const { ${names.join(', ')} } = chosen;
`;
}

/** The first failure decides; the rest of the tests would only take time. */
function suitesAnew({ files }: Suites, chosen: Readonly<Record<string, string>>): string {
  return `
import fc from 'fast-check';
import { beforeEach, vi } from 'vitest';
// The same values for each, and no search for the smallest: that it fails is enough.
fc.configureGlobal({ seed: 1, endOnFailure: true });
let failed = false;
beforeEach((context) => {
  if (failed) context.skip();
  context.onTestFailed(() => { failed = true; });
});
globalThis.chosenVariants = ${JSON.stringify(chosen)};
vi.resetModules();
${files.map((file) => `await import(${JSON.stringify(path.join(root, file))});`).join('\n')}
`;
}

function begin(module: TestModule): void {
  const place = placeOf(module);
  faults = vitest.state.getUnhandledErrors().length;
  const change = changes[place];
  put(change?.file.endsWith('.sql') ? change : undefined);
  tell({ is: 'begun', place });
}

function end(module: TestModule): void {
  tell({ is: 'tried', place: placeOf(module), noticed: noticedBy(module) });
}

function placeOf({ moduleId }: TestModule): number {
  return Number(path.basename(moduleId, '.test.ts'));
}

/** Makes a change, and takes back the one before it. */
function put(next: Changed | undefined): void {
  if (changed) write(changed.file, changed.original);
  if (next) write(next.file, next.text);
  changed = next;
}

function write(file: string, text: string): void {
  const place = path.join(root, file);
  writeFileSync(place, text);
  vitest.invalidateFile(place);
}

function noticedBy(module: TestModule): string | undefined {
  for (const { fullName } of module.children.allTests('failed')) return fullName;
  if (!module.ok()) return module.errors()[0]?.message.split('\n', 1)[0] ?? 'it did not load';
  const fault = vitest.state.getUnhandledErrors()[faults];
  return fault === undefined ? undefined : 'a fault that no test waits for';
}
