import { readFileSync } from 'node:fs';
import path from 'node:path';

import { parseSync } from 'oxc-parser';
import { describe, expect, test } from 'vitest';

import { code, except, files, places, ROOT, type Source, sources } from './sources.ts';

/*
 * Taste as a test: what the compiler, the linter and the dead-code check cannot know about this repository.
 * Each rule lists its offenders, so that one run shows all of them.
 */

describe('the lock file', () => {
  interface Locked {
    readonly resolved?: string;
    readonly optionalDependencies?: Record<string, string>;
  }
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
  const { packages } = lock;

  test('names the programs of every platform, for npm ci refuses it otherwise', () => {
    const named = Object.keys(packages);
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !named.some((place) => place.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });

  test('binds nobody to a registry', () => {
    const bound = Object.values(packages).flatMap(({ resolved = '' }) => (resolved.startsWith('http') ? [resolved] : []));
    expect(bound).toEqual([]);
  });
});

describe('borders', () => {
  const WORKSHOP = [
    'apps/server/src/engine.packed.test.ts',
    'scripts/',
    'bench/',
    'e2e/',
    'vitest.config.ts',
    'packages/core/src/testing/',
    'packages/database/src/testing/',
    'packages/embedded/src/testing/',
  ];

  /** A test on an outside service is told its address by the environment, and needs names that no other run uses. */
  const inPackages = (...prefixes: string[]): Source[] =>
    except(...prefixes).filter(({ file }) => !file.includes('.services.test.'));

  /** Those of the servers, and the one that the page is built with. */
  const SETTINGS = ['packages/settings/src/', 'apps/web/src/api/server.ts'];

  test('the environment is read where settings are, and nowhere else', () => {
    expect(places(inPackages(...WORKSHOP, ...SETTINGS), /process\.env|import\.meta\.env/)).toEqual([]);
  });

  test('the time is asked of the clock, and nowhere else', () => {
    const outside = inPackages(
      ...WORKSHOP,
      'packages/core/src/clock.',
      'apps/web/src/browser/now.ts',
      'engine/src/node-crypto.ts',
    );
    expect(places(outside, /\bDate\.now\(|new Date\(\s*\)|Temporal\.Now\b/)).toEqual([]);
  });

  test('the network is reached from the packages that speak to the world', () => {
    const speaking = [
      'packages/http/',
      'packages/mail/',
      'packages/providers/',
      'packages/marketplace/',
      'packages/identity/',
      'packages/jobs/',
      'packages/limits/',
      'packages/notify/',
      'packages/reconciliation/',
      'apps/',
      // A guard stands in the host's own HTTP.
      'engine/src/express.ts',
      ...WORKSHOP,
    ];
    const inside = except(...speaking).filter(({ file }) => !file.includes('.test.'));
    expect(
      places(inside, /from '(?:node:(?:http|https|net|tls|dgram|http2)|undici|ioredis|@nats-io\/[a-z-]+)'|\bfetch\(/),
    ).toEqual([]);
  });

  test('who called is read in one place, which knows whom to believe', () => {
    const elsewhere = except('packages/http/src/client.ts').filter(({ file }) => /^(?:apps\/server|packages)\//.test(file));
    expect(
      places(elsewhere, /\brequest\.(?:ip|ips|host|hostname|protocol)\b|['"]x-forwarded-/i).filter(
        (place) => !place.includes('.test.'),
      ),
    ).toEqual([]);
  });

  test('nobody is taken for a stranger because what knows them is away: who calls is asked of two functions', () => {
    const asked = ['packages/http/src/authenticate.ts', 'packages/http/src/admission.ts', 'apps/server/src/server.ts'];
    const elsewhere = except(...asked).filter(
      ({ file }) => /^(?:apps\/server|packages\/http)\//.test(file) && !file.includes('.test.'),
    );
    expect(places(elsewhere, /\brequest\.caller\b|\{[^}]*\bcaller\b[^}]*\} = request;/)).toEqual([]);
  });

  test('a browser is sent on from one place, where the address is judged, and leaves the page from one', () => {
    const elsewhere = except('packages/http/src/own-redirect.ts', 'apps/web/src/browser/leave.ts', ...WORKSHOP);
    const sends =
      /\.redirect\(|\b[lL]ocation['"]?(?:\.href)?\s*(?:=(?!=)|['"],)|['"][lL]ocation['"]\s*:|\blocation\.(?:assign|replace)\(|\bwindow\.open\(/;
    expect(
      places(
        elsewhere.filter(({ file }) => !file.includes('.test.') && /^(?:apps|packages)\//.test(file)),
        sends,
      ),
    ).toEqual([]);
  });

  test('floating point stays out of the packages that count money', () => {
    const counting = code.filter(({ file }) => /^packages\/(money|ledger|meters)\/src\//.test(file) && !file.includes('.test.'));
    expect(places(counting, /\bparseFloat\(|\.toFixed\(/)).toEqual([]);
  });
});

describe('words', () => {
  test('no file grows past 400 lines', () => {
    const long = sources.flatMap(({ file, text }) => {
      const lines = text.split('\n').length;
      return lines > 401 ? [`${file}: ${lines}`] : [];
    });
    expect(long).toEqual([]);
  });

  test('a function fits a screen: 70 lines from its name to its end, with everything that is written inside it', () => {
    const long = code.flatMap(longFunctions);
    expect(long.map(({ file, name, lines }) => `${file}: ${name} has ${lines} lines`).filter((one) => !isExcepted(one))).toEqual(
      [],
    );
    const named = new Set(long.map(({ file, name }) => `${file}: ${name}`));
    expect(LONG_STILL.filter((one) => !named.has(one))).toEqual([]);
  });

  test('nothing is left over: no note to oneself, no switched-off test, no silenced check', () => {
    const leftOvers =
      /\b(?:TODO|FIXME|XXX|HACK)\b|\b(?:test|it|describe)\.(?:skip|only|todo)\b|@ts-(?:ignore|nocheck|expect-error)|\bas any\b|\bvi\.mock\(/;
    expect(places(sources, leftOvers)).toEqual([]);
  });

  test('silencing the linter needs its reason on the same line', () => {
    expect(places(code, /(?:oxlint|eslint)-disable(?!.* -- \S)/)).toEqual([]);
  });

  test('a decision has a number of its own, the same in its name and its title', () => {
    const numbers = files.flatMap((file) => {
      const number = /^docs\/adr\/(\d{4})-/.exec(file)?.[1];
      if (number === undefined) return [];
      const title = /^# (\d+)\. /.exec(readFileSync(path.join(ROOT, file), 'utf8'))?.[1]?.padStart(4, '0');
      return [{ file, number, title }];
    });
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.filter(({ number, title }) => number !== title)).toEqual([]);
    expect(numbers.filter(({ number, file }) => numbers.some((other) => other.number === number && other.file !== file))).toEqual(
      [],
    );
  });

  test('files are named for what they hold', () => {
    const vague = files.filter((file) =>
      /(?:^|[/.-])(?:utils?|helpers?|manager|misc|common|v2|new|old|tmp)(?:[/.-]|$)/i.test(file),
    );
    expect(vague).toEqual([]);
  });

  test('nothing names the machine it was written on', () => {
    const texts = files
      .filter((file) => /\.(?:ts|tsx|mjs|sql|css|md|json|jsonc|ya?ml|sh|html)$|^\.ci\//.test(file) && file !== 'tidy.test.ts')
      .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
    expect(places(texts, /(?:^|[\s'"`(=:])\/(?:work|home|Users)\/[a-z]/)).toEqual([]);
  });
});

const FUNCTION_LINES_MAX = 70;

/** To be divided; none is added. */
const LONG_STILL: readonly string[] = [];

function isExcepted(place: string): boolean {
  return LONG_STILL.some((one) => place.startsWith(`${one} has `));
}

/** A part of a syntax tree, as the walk below needs it. */
interface Part {
  readonly type?: unknown;
  readonly start?: unknown;
  readonly end?: unknown;
  readonly [member: string]: unknown;
}

/** The functions of a file that are too long. What a `describe` is given is a list of tests, not a function that somebody has to follow. */
function longFunctions({ file, text }: Source): { readonly file: string; readonly name: string; readonly lines: number }[] {
  const found: { readonly file: string; readonly name: string; readonly lines: number }[] = [];
  if (text.split('\n').length <= FUNCTION_LINES_MAX) return found;
  const visit = (part: unknown, above: Part): void => {
    if (Array.isArray(part)) for (const one of part as unknown[]) visit(one, above);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return;
    const node = part as Part;
    if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(String(node.type))) {
      const lines = text.slice(Number(node.start), Number(node.end)).split('\n').length;
      const name = nameIn(node, above, text);
      if (lines > FUNCTION_LINES_MAX && !/^given to describe\b/.test(name)) found.push({ file, name, lines });
    }
    for (const member of Object.values(node)) visit(member, node);
  };
  visit(parseSync(file, text).program, {});
  return found;
}

/** What a function is called: by itself, by what it is assigned to, or by what it is given to. */
function nameIn(node: Part, above: Part, text: string): string {
  const { callee } = above as { readonly callee?: Part };
  if (callee) return `given to ${text.slice(Number(callee.start), Number(callee.end)).split('\n', 1)[0]}`;
  for (const one of [node['id'], above['id'], above['key']] as (Part | null | undefined)[]) {
    const name = one?.['name'];
    if (typeof name === 'string') return name;
  }
  return 'one without a name';
}
