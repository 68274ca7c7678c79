/** Suites of one project of `vitest.config.ts`. */
export interface Suites {
  readonly project: 'unit' | 'embedded';
  readonly files: readonly string[];
}

/** Code that decides about money, and the suites that have to notice when it decides otherwise. */
export interface Target {
  readonly name: string;
  /** Files, or a folder of migrations. */
  readonly files: readonly string[];
  /** Quick ones; one that fails ends a mutant. */
  readonly narrow: Suites;
  /** Asked about what the narrow ones let through. */
  readonly wide?: Suites | undefined;
}

const inPackage = (name: string, files: readonly string[]): string[] => files.map((file) => `packages/${name}/src/${file}.ts`);
const testsOf = (name: string, files: readonly string[], kind = 'test'): string[] =>
  files.map((file) => `packages/${name}/src/${file}.${kind}.ts`);

export const TARGETS: readonly Target[] = [
  {
    name: 'money',
    files: inPackage('money', [
      'cost',
      'decimal',
      'exchange',
      'minor-units',
      'money',
      'price-book',
      'price',
      'ratio',
      'without-amounts',
    ]),
    narrow: {
      project: 'unit',
      files: testsOf('money', ['cost', 'dearest-cost', 'exchange', 'minor-units', 'money', 'price-book', 'ratio', 'without-amounts']),
    },
  },
  {
    name: 'the proof',
    files: inPackage('catalog', [
      'budgeted',
      'ceiling',
      'constraints',
      'credits',
      'exposure',
      'order',
      'prove-catalog',
      'prove-license',
      'prove-packs',
      'prove-pay-as-you-go',
      'prove-plans',
      'reachable',
      'reckon',
    ]),
    narrow: {
      project: 'unit',
      files: testsOf('catalog', [
        'allotments',
        'ceiling',
        'credits',
        'order',
        'prove-catalog',
        'prove-parts',
        'prove-pay-as-you-go',
        'prove-plans',
        'reachable',
        'reckon',
        'mistakes-of-prices',
        'mistakes-of-sense',
      ]),
    },
  },
  {
    name: 'the proof of what is negotiated',
    files: inPackage('policy', ['lower-overrides', 'lowered-between', 'prove-overrides', 'proven-overrides']),
    narrow: {
      project: 'unit',
      files: testsOf('policy', [
        'lower-overrides',
        'lowered-between',
        'prove-overrides',
        'proven-overrides',
        'effective-policy',
        'rollout',
      ]),
    },
  },
  {
    name: 'terms',
    files: inPackage('terms', [
      'balance',
      'chain',
      'closed',
      'last-until',
      'months',
      'months-served',
      'open-parts',
      'owed',
      'proceeds',
      'sale-of',
      'terms-of',
    ]),
    narrow: { project: 'unit', files: testsOf('terms', ['months', 'owed', 'proceeds', 'terms-of', 'closed']) },
    wide: {
      project: 'embedded',
      files: testsOf(
        'marketplace',
        ['terms', 'balance', 'reversal', 'odd-payments', 'payments-abroad', 'subscription', 'spent-before', 'lives-of-payers'],
        'db.test',
      ),
    },
  },
  {
    name: 'windows',
    files: inPackage('meters', ['window']),
    narrow: { project: 'unit', files: testsOf('meters', ['window']) },
  },
  {
    name: 'the SQL of meters',
    files: ['packages/meters/migrations/'],
    narrow: { project: 'embedded', files: testsOf('meters', ['hold', 'unresolved', 'panel'], 'db.test') },
    wide: {
      project: 'embedded',
      files: testsOf('meters', ['simulation', 'erase', 'gathered-ends', 'mishaps'], 'db.test'),
    },
  },
];
