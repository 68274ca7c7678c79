import { describe, expect, it } from 'vitest';

import { parametersAt } from './browser/route.ts';
import { FEATURES, PAGES } from './features/index.ts';
import { sourceFiles } from './testing/messages.ts';

const files = sourceFiles();

/** From the top down: each may use what stands below it. */
const LAYERS = ['main.tsx', 'shell', 'features', 'feature.ts', 'ui', 'words', 'api', 'browser'];
/** Words are told of what the API says, and its refusals are put into words: these two may use each other. */
const TOGETHER = new Set(['words', 'api']);
/** Which product shows parts of another. */
const FEATURES_USED: Readonly<Record<string, readonly string[]>> = { operator: ['account', 'alerts', 'gateway'] };

const layerOf = (file: string): string => file.split('/')[0] ?? '';

function importsOf({ file, text }: { readonly file: string; readonly text: string }): string[] {
  return [...text.matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, target = '']) =>
    new URL(target, `file:///${file}`).pathname.slice(1),
  );
}

describe('the page', () => {
  it('is layered: what lies below knows nothing of what lies above', () => {
    const upward = files.flatMap((source) =>
      importsOf(source)
        .filter((target) => {
          const [from, to] = [layerOf(source.file), layerOf(target)];
          return LAYERS.indexOf(to) < LAYERS.indexOf(from) && !(TOGETHER.has(from) && TOGETHER.has(to));
        })
        .map((target) => `${source.file} → ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('takes nothing but types of the contract, so that what checks requests at the server is not loaded', () => {
    const loaded = files.filter(({ text }) => /^import (?!type )[^;]*from '@purser\/api'/m.test(text)).map(({ file }) => file);
    expect(files.some(({ text }) => text.includes("from '@purser/api'"))).toBe(true);
    expect(loaded).toEqual([]);
  });

  it('keeps its products apart, but for the console, which shows parts of others', () => {
    const between = files.flatMap((source) => {
      const own = /^features\/([^/]+)\//.exec(source.file)?.[1];
      if (own === undefined) return [];
      return importsOf(source)
        .filter((target) => {
          const other = /^features\/([^/]+)\//.exec(target)?.[1];
          return other !== undefined && other !== own && FEATURES_USED[own]?.includes(other) !== true;
        })
        .map((target) => `${source.file} → ${target}`);
    });
    expect(between).toEqual([]);
  });

  it('has a manifest for every product, and no address twice', () => {
    const folders = new Set(files.flatMap(({ file }) => /^features\/([^/]+)\//.exec(file)?.[1] ?? []));
    expect(FEATURES.map(({ name }) => name).toSorted()).toEqual([...folders].toSorted());
    const paths = PAGES.map((page) => page.path);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('leads nowhere that is no page', () => {
    const links = files.flatMap(({ file, text }) =>
      [...text.matchAll(/(?:\bto=|\bto: |navigate\(|path: )["'`{]*(\/[^"'`?}]*)/g)].map(([, to = '']) => ({ file, to })),
    );
    const lost = links.filter(
      ({ to }) => !PAGES.some((page) => parametersAt(page.path, to.replaceAll(/\$\{[^}]*$/g, 'x')) !== undefined),
    );
    expect(lost).toEqual([]);
  });
});
