import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { readMigrations } from '@purser/database';
import { describe, expect, test } from 'vitest';

import { DEPENDENCIES } from './dependencies.ts';
import { code, files, isTest, packageOf, packages, places, ROOT, sources } from './sources.ts';

/* How the repository is divided: what depends on what, and whose tables are whose. Each rule lists its offenders, all of them. */

describe('packages', () => {
  const order = Object.keys(DEPENDENCIES);

  test('dependencies point down: a package depends on those before it alone', () => {
    const upward = Object.entries(DEPENDENCIES).flatMap(([from, to]) =>
      Object.keys(to)
        .filter((target) => order.indexOf(target) >= order.indexOf(from))
        .map((target) => `${from} → ${target}`),
    );
    expect(upward).toEqual([]);
    expect(packages.map(({ name }) => name).filter((name) => !order.includes(name))).toEqual([]);
  });

  /** What the files of a package import of others: in what it ships, and in its tests. */
  function imported(name: string): { readonly shipped: Set<string>; readonly tested: Set<string> } {
    const found = { shipped: new Set<string>(), tested: new Set<string>() };
    for (const { file, text } of code.filter((source) => packageOf(source.file) === name)) {
      for (const [, target = ''] of text.matchAll(/(?:from |import\()'@purser\/([a-z]+)/g)) {
        if (target !== name) found[isTest(file) ? 'tested' : 'shipped'].add(target);
      }
    }
    return found;
  }

  test('what is imported is written down, and what is written down is imported', () => {
    const wrong = order.flatMap((name) => {
      const { shipped, tested } = imported(name);
      const used = new Set([...shipped, ...tested]);
      const written = Object.keys(DEPENDENCIES[name] ?? {});
      return [
        ...[...used].filter((target) => !written.includes(target)).map((target) => `${name} → ${target} is not written down`),
        ...written.filter((target) => !used.has(target)).map((target) => `${name} → ${target} is written down, and not imported`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test('each package.json names what its package imports, and nothing else of ours', () => {
    interface Manifest {
      readonly dependencies?: Record<string, string>;
      readonly devDependencies?: Record<string, string>;
    }
    const own = (list: Record<string, string> = {}): string[] =>
      Object.keys(list).flatMap((name) => (name.startsWith('@purser/') ? [name.slice('@purser/'.length)] : []));
    const wrong = packages.flatMap(({ name, folder }) => {
      const manifest = JSON.parse(readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
      const { shipped, tested } = imported(name);
      const ships = own(manifest.dependencies);
      const named = [...ships, ...own(manifest.devDependencies)];
      // The web client and the library are built; none of our packages is installed with them.
      const missing = name === 'web' || name === 'engine' ? [] : [...shipped].filter((target) => !ships.includes(target));
      return [
        ...missing.map((target) => `${name}: no dependency on ${target}`),
        ...[...tested].filter((target) => !named.includes(target)).map((target) => `${name}: no devDependency on ${target}`),
        ...named
          .filter((target) => !shipped.has(target) && !tested.has(target))
          .map((target) => `${name}: ${target} is not used`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test('what runs in the browser imports nothing of Node: core and api', () => {
    const browser = code.filter(({ file }) => /^packages\/(?:core|api)\/src\//.test(file) && !isTest(file));
    const allowed = new Set(['zod', '@purser/core']);
    const foreign = browser.flatMap(({ file, text }) =>
      [...text.matchAll(/from '([^.'][^']*)'/g)].flatMap(([, name = '']) => (allowed.has(name) ? [] : [`${file} → ${name}`])),
    );
    expect(foreign).toEqual([]);
    expect(places(browser, /\b(?:process|Buffer|require|__dirname|NodeJS)\b[.(]/)).toEqual([]);
  });

  test('a package is entered by its entry points: no path reaches into another one', () => {
    const through = code.flatMap(({ file, text }) => {
      const home = /^(?:engine|(?:packages|apps)\/[^/]+)/.exec(file)?.[0];
      if (home === undefined) return [];
      const paths = [...text.matchAll(/from '(\.[^']*)'/g)].map((match) =>
        path.posix.join(path.posix.dirname(file), match[1] ?? ''),
      );
      return paths.filter((target) => !target.startsWith(`${home}/`)).map((target) => `${file} → ${target}`);
    });
    expect(through).toEqual([]);
  });

  test('what follows from payments knows no payment provider: one folder alone speaks to Stripe, and effects do not import it', () => {
    const shop = 'packages/marketplace/src/';
    const effects = code.filter(({ file }) => file.startsWith(`${shop}effects/`));
    expect(effects.length).toBeGreaterThan(15);
    expect(places(effects, /'stripe'|\/stripe\/|\/standins\//)).toEqual([]);
    const elsewhere = code.filter(({ file }) => !file.startsWith(`${shop}stripe/`));
    expect(places(elsewhere, /(?:from |import\()'stripe'/)).toEqual([]);
  });

  test('no files of one package import each other in a circle, types neither', () => {
    const imports = new Map(
      code.map(({ file, text }) => [
        file,
        [...text.matchAll(/(?:^|\n)(?:import|export)\b[^;']*?from '(\.[^']*)'/g)].map(([, target = '']) =>
          path.posix.join(path.posix.dirname(file), target),
        ),
      ]),
    );
    expect(circlesOf(imports)).toEqual([]);
  });

  test('the apps only compose: server and command line have 1,500 lines at most each, tests apart', () => {
    const long = ['server', 'cli'].flatMap((app) => {
      const own = code.filter(({ file }) => file.startsWith(`apps/${app}/src/`) && !isTest(file));
      const lines = own.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
      return lines > 1_500 ? [`${app}: ${lines}`] : [];
    });
    expect(long).toEqual([]);
  });

  test('before it is known which command runs, the command line loads manifests alone', () => {
    const early = code.filter(({ file }) =>
      /^(?:apps\/cli\/src\/(?:program|module-commands|module-settings)|apps\/server\/src\/modules|packages\/[a-z]+\/src\/(?:module|commands))\.ts$/.test(
        file,
      ),
    );
    expect(early.length).toBeGreaterThan(8);
    // Another manifest, and what a manifest is made by.
    const light = /^@purser\/(?:[a-z]+\/modules?|core|settings)$/;
    const heavy = early
      .filter(({ file }) => !file.startsWith('packages/module/'))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/^import (?!type )[^;]*?from '(@purser\/[^']+)'/gm)]
          .filter(([, name = '']) => !light.test(name))
          .map(([, name]) => `${file} → ${name}`),
      );
    expect(heavy).toEqual([]);
  });

  test('nothing reads the tables of another package', () => {
    const tables = new Map<string, string>();
    for (const { file, text } of sources.filter((source) => source.file.endsWith('.sql'))) {
      const name = packageOf(file);
      for (const match of text.matchAll(/create (?:unlogged )?table (?:if not exists )?([a-z]+\.[a-z_]+)/g)) {
        if (name !== undefined) tables.set(match[1] ?? '', name);
      }
    }
    const foreign = sources.flatMap(({ file, text }) => {
      const name = packageOf(file);
      if (name === undefined || file.includes('.test.')) return [];
      return [...text.matchAll(/\b(?:from|join|into|update|references|table|on) ([a-z]+\.[a-z_]+)\b(?!\()/gi)]
        .map((match) => match[1] ?? '')
        .filter((table) => tables.has(table) && tables.get(table) !== name)
        .map((table) => `${file}: ${table}`);
    });
    expect(foreign).toEqual([]);
  });

  test('every package says what it is in a README of one screen', () => {
    const missing = packages.filter(({ folder }) => !files.includes(`${folder}/README.md`)).map(({ folder }) => folder);
    expect(missing).toEqual([]);
    const long = packages.flatMap(({ folder }) => {
      const lines = readFileSync(path.join(ROOT, folder, 'README.md'), 'utf8').split('\n').length;
      // What is published shows an example of each of its entry points.
      return lines > (folder === 'engine' ? 260 : 90) ? [`${folder}: ${lines} lines`] : [];
    });
    expect(long).toEqual([]);
  });

  test('migrations are numbered without a gap', async () => {
    const withTables = packages.filter(({ folder }) => files.some((file) => file.startsWith(`${folder}/migrations/`)));
    const all = withTables.map(({ name, folder }) => ({
      schema: name,
      directory: pathToFileURL(`${ROOT}/${folder}/migrations/`),
    }));
    expect(await readMigrations(all)).not.toEqual([]);
  });
});

/** The circles of a graph, each as its members: sets in which each reaches each (Tarjan). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    lowest.set(node, order.size - 1);
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(next) ?? 0));
    }
    if (lowest.get(node) !== order.get(node)) return;
    const circle = open.splice(open.indexOf(node));
    if (circle.length > 1) circles.push(circle);
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}
