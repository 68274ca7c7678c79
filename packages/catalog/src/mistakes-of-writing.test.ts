import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CatalogFault, checkPlans, loadCatalog, proposeCatalog, QUOTAS } from './index.ts';

const CATALOG_OF_ALL = new URL('../../../catalogs/default.yaml', import.meta.url).pathname;
import { type Case, CATALOG, mistakesAfter, writeSmallCatalog } from './testing/small-catalog.ts';

const CASES: readonly Case[] = [
  [
    'an unknown key',
    'small.yaml',
    'priority: high',
    'prioritie: high',
    /^small\.yaml:\d+ plans\[1\]\.prioritie: got the unknown key 'prioritie', want one of code, name, price/,
  ],
  ['a missing key', 'small.yaml', '    price: 10 EUR\n', '', /plans\[1\]\.price: got nothing, want an amount/],
  [
    'a price without a currency',
    'small.yaml',
    'price: 10 EUR',
    'price: 10',
    /^small\.yaml:34 plans\[1\]\.price: got '10', want an amount of zero or more and a currency, such as 15\.99 EUR$/,
  ],
  ['a price with a comma', 'small.yaml', 'price: 10 EUR', 'price: "15,99 EUR"', /plans\[1\]\.price: got '15,99 EUR'/],
  [
    'a negative price',
    'small.yaml',
    'price: 10 EUR',
    'price: -10 EUR',
    /plans\[1\]\.price: got '-10 EUR', want an amount of zero or more/,
  ],
  ['an absurd price', 'small.yaml', 'price: 10 EUR', 'price: 99999999999 EUR', /plans\[1\]\.price: got '99999999999 EUR'/],
  [
    'a price finer than a nano',
    'small.yaml',
    'price: 10 EUR',
    'price: 0.0000000001 EUR',
    /plans\[1\]\.price: got '0\.0000000001 EUR'/,
  ],
  [
    'a margin of one',
    'small.yaml',
    '    margin: 0.15\n    features: [ai, campaigns]',
    '    margin: 1\n    features: [ai, campaigns]',
    /plans\[1\]\.margin: got '1', want a share from 0 to below 1/,
  ],
  [
    'a negative quota',
    'small.yaml',
    'emails_month: 300',
    'emails_month: -300',
    /plans\[1\]\.quotas\.emails_month: got '-300', want a whole number/,
  ],
  ['a quota that is no number', 'small.yaml', 'emails_month: 300', 'emails_month: many', /quotas\.emails_month: got 'many'/],
  [
    'an absurd quota',
    'small.yaml',
    'emails_month: 300',
    'emails_month: 9999999999999',
    /quotas\.emails_month: got '9999999999999', want a whole number from 0 to 1,000,000,000,000/,
  ],
  [
    'license terms in both spellings',
    'small.yaml',
    'plans:\n',
    'license: { grace_days: 14, degrade: [ai] }\nlicence: { grace_days: 14, degrade: [ai] }\nplans:\n',
    /got license and licence, want one of them/,
  ],
  [
    'levels in both spellings',
    'small.yaml',
    '    watches: ceiling\n',
    '    watches: ceiling\n    rungs: [{ at: 0.5, lane: low }]\n',
    /rungs/,
  ],
  [
    'a step of the license terms that takes nothing',
    'small.yaml',
    'plans:\n',
    'license: { grace_days: 14, degrade: [[], reports] }\nplans:\n',
    /license\.degrade\[0\](\.features)?: got .*, want/,
  ],
  [
    'no concurrency',
    'small.yaml',
    'concurrency: 4',
    'concurrency: 0',
    /plans\[1\]\.concurrency: got '0', want a whole number from 1/,
  ],
  [
    'a flag that is neither true nor false',
    'small.yaml',
    'credits_monthly: 100',
    'credits_monthly: 100\n    negotiable: yes',
    /plans\[1\]\.negotiable: got 'yes', want true or false/,
  ],
  [
    'an unknown lane',
    'small.yaml',
    'priority: high',
    'priority: urgent',
    /plans\[1\]\.priority: got 'urgent', want one of critical, high, standard, low/,
  ],
  [
    'an unknown class',
    'small.yaml',
    'complex: [large, small]',
    'complex: [huge]',
    /operations\[0\]\.classes\.complex\[0\]: got 'huge', want one of local/,
  ],
  [
    'a list in place of a mapping',
    'small.yaml',
    'credit: { cost: 0.01 USD }',
    'credit: [0.01 USD]',
    /credit: got a list of 1, want a mapping/,
  ],
  [
    'text in place of a list',
    'small.yaml',
    'features: [ai, campaigns]',
    'features: ai',
    /plans\[1\]\.features: got 'ai', want a list/,
  ],
  [
    'an empty list of plans',
    'models.yml',
    'providers: [cloud, local, mail]',
    'providers: []',
    /providers: got a list of 0, want at least 1/,
  ],
  ['a date that is none', 'small.yaml', 'as_of: 2026-11-01', 'as_of: 2026-13-01', /fx\.as_of: got '2026-13-01', want a date/],
  [
    'a key written twice',
    'small.yaml',
    'concurrency: 4',
    'concurrency: 4\n    concurrency: 5',
    /small\.yaml:\d+: got 'Map keys must be unique', want valid YAML/,
  ],
  ['broken YAML', 'small.yaml', 'fx: {', 'fx: {{', /small\.yaml:\d+.*want valid YAML/],
];

describe('a mistake names its file, line, path, what was given and what is wanted: what is written', () => {
  test.each(CASES)('%s', async (_what, file, from, to, mistake) => {
    const mistakes = await mistakesAfter(file, from, to);
    expect(mistakes).toContainEqual(expect.stringMatching(mistake));
  });
});

test('the catalog these mistakes are made in has none', async () => {
  expect(await mistakesAfter('small.yaml', 'name: small', 'name: small')).toEqual([]);
});

test('all mistakes are told at once', async () => {
  const mistakes = await mistakesAfter('small.yaml', 'price: 10 EUR\n    margin: 0.15', 'price: ten\n    margin: 2');
  expect(mistakes).toHaveLength(2);
});

test.each([
  ['keys nobody knows', (index: number) => `key_${index}: 1\n`],
  ['the same key', () => 'key: 1\n'],
])('of more mistakes than anybody reads a hundred are told, and how many more there are: %s', (_what, line) => {
  const text = Array.from({ length: 5_000 }, (_, index) => line(index)).join('');
  const facts = { prices: undefined, price_list: undefined, models: undefined, providers: undefined, failed_calls: undefined };
  const read = (): unknown => proposeCatalog(text, { ...facts, quotas: QUOTAS, tasks: [] } as never);
  expect(read).toThrow(/catalog(?::\d+)?.*key.*\n/i);
  expect(read).toThrow(/got 4\d{3} more mistakes, want none/);
});

test('a file that is not there is named with its path', async () => {
  await expect(loadCatalog('/nowhere/none.yaml')).rejects.toThrow('/nowhere/none.yaml: got ENOENT, want a file that can be read');
});

test('a bomb of aliases is refused', async () => {
  const level = (index: number) => `${'abcdefgh'[index]}: &${'abcdefgh'[index]} [${`*${'abcdefgh'[index - 1]}, `.repeat(10)}x]`;
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]', ...[1, 2, 3, 4, 5, 6, 7].map(level), ''].join('\n');
  expect(await mistakesAfter('small.yaml', CATALOG, bomb)).toContainEqual(expect.stringContaining('at most 100 aliases'));
});

test('whatever stands in place of a value, the catalog either loads and is proven one way or the other, or its mistakes are told', async () => {
  const values = [...CATALOG.matchAll(/(?<=[:[,] )[^\s,{}[\]&][^,{}[\]\n]*/g)].map((match) => ({
    at: match.index,
    length: match[0].length,
  }));
  const amount = fc.tuple(
    fc.bigInt({ min: -10n, max: 10n ** 12n }),
    fc.constantFrom('', ' EUR', ' USD', ' IDR', '.000000001 EUR', 'e9 USD'),
  );
  const odd = fc.oneof(
    amount.map(([digits, rest]) => `${digits}${rest}`),
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      'null',
      '~',
      '[]',
      '{}',
      '!!binary x',
      '*none',
      '&x',
      '|',
      'NaN',
      '.inf',
      '1_000',
      '0x10',
      '\u0000',
      '__proto__',
      '2026-99-99',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: values.length - 1 }), odd, async (index, text) => {
      const { at, length } = values[index] ?? { at: 0, length: 0 };
      const { path, remove } = await writeSmallCatalog({
        'small.yaml': CATALOG.slice(0, at) + text + CATALOG.slice(at + length),
      });
      try {
        await loadCatalog(path).catch((error: unknown) => {
          if (!(error instanceof CatalogFault)) throw error;
        });
        expect((await checkPlans(path, Temporal.Instant.from('2026-11-21T12:00Z'))).text).not.toBe('');
      } finally {
        await remove();
      }
    }),
    { numRuns: 200 },
  );
});

test.each([
  ['lists in lists', '- '.repeat(30_000)],
  ['brackets', '['.repeat(60_000)],
  ['mappings by indentation', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['mappings in brackets', '{a: '.repeat(20_000)],
])('what is nested too deeply is a mistake with a limit, and no fault: %s', async (_, text) => {
  const current = await loadCatalog(CATALOG_OF_ALL);
  expect(() => proposeCatalog(text, current)).toThrow(/at most 500/);
});
