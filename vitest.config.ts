import { existsSync } from 'node:fs';

import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const DATABASE_TESTS = ['packages/**/*.db.test.ts', 'engine/**/*.db.test.ts', 'apps/**/*.db.test.ts', '*.db.test.ts'];
const SERVICE_TESTS = ['packages/**/*.services.test.ts', 'apps/**/*.services.test.ts'];
const BROWSER_TESTS = ['e2e/**/*.test.ts'];
const UNIT_TESTS = ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'scripts/**/*.test.ts', '*.test.ts'];
/** What is published, as npm packs and installs it. */
const PACKED_TESTS = ['apps/server/src/engine.packed.test.ts'];
const NOT_TESTS = ['**/node_modules/**', '**/dist/**'];
const SETUP = './packages/database/src/testing/setup';

/**
 * All SQL of the packages runs on the embedded PostgreSQL and on the outside one. What the apps do with it is tried on the embedded one,
 * and in every `npm test` a second time where the other server or the other day can change the answer:
 */
const APPS_ON_SERVICES = [
  // What is counted by day, week, month, billing period or term: on the leap day, in Nepal.
  'apps/server/src/begin-period.db.test.ts',
  'apps/server/src/feature-stack.db.test.ts',
  'apps/server/src/first-ceiling.db.test.ts',
  'apps/server/src/ladder.db.test.ts',
  'apps/server/src/license.db.test.ts',
  'apps/server/src/license-by-stripe.db.test.ts',
  'apps/server/src/limits.db.test.ts',
  'apps/server/src/retention.db.test.ts',
  'apps/server/src/routes/admin.db.test.ts',
  'apps/server/src/routes/admin-gifts.db.test.ts',
  'apps/server/src/routes/admin-reports.db.test.ts',
  'apps/server/src/routes/credits.db.test.ts',
  'apps/server/src/routes/marketplace.db.test.ts',
  'apps/server/src/routes/workspace.db.test.ts',
  // The server's own SQL, and its roles, on a PostgreSQL that somebody else has set up.
  'apps/server/src/erasure.db.test.ts',
  'apps/server/src/isolation.db.test.ts',
  'apps/server/src/isolation-by-sql.db.test.ts',
];
/** Packages' suites about what a gate or a kill does, whatever the server: on the outside one in the extended check alone. */
const PACKAGES_NOT_ON_SERVICES = [
  'packages/gate/src/bills.db.test.ts',
  'packages/gate/src/kill.db.test.ts',
  'packages/notify/src/kill.db.test.ts',
];
/** Suites whose numbers are larger in the extended check (`checkSize` of `@purser/core/testing`). */
const TRIALS = [
  'apps/cli/src/lives.db.test.ts',
  'apps/cli/src/simulate.db.test.ts',
  'apps/server/src/edges.db.test.ts',
  'packages/gate/src/engine.db.test.ts',
  'packages/gate/src/proof.db.test.ts',
  'packages/meters/src/simulation.db.test.ts',
  'packages/providers/src/offline/growth.test.ts',
  'growth.test.ts',
];

/** Kills of workers that take minutes by themselves: the extended check's alone. */
const EXTENDED_ALONE = ['apps/server/src/campaigns-killed.db.test.ts'];

/** Begun first, or one of them would still run when all others are over. */
const LONGEST = [
  'campaigns-killed.db.test.ts',
  'no-fault-ends-it.test.ts',
  'lives.db.test.ts',
  'cli.test.ts',
  'offline/growth.test.ts',
  'journeys.e2e.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byDefault = super.sort.bind(this);
    const sorted = await byDefault(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.some((name) => moduleId.endsWith(name));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const required = process.env['PURSER_REQUIRE_SERVICES'] === '1';
const extended = process.env['PURSER_TEST_EXTENDED'];
// The dead-code check and editors read this file too, and must see every suite.
const isTestRun = Boolean(process.env['VITEST']);
const addresses = ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'];
const missingAddresses = addresses.filter((name) => !process.env[name]);
const chromium = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

const absent = [...APPS_ON_SERVICES, ...PACKED_TESTS, ...PACKAGES_NOT_ON_SERVICES, ...TRIALS, ...EXTENDED_ALONE].filter(
  (file) => !existsSync(new URL(file, import.meta.url)),
);
if (absent.length > 0) throw new Error(`vitest.config.ts names suites that are not there (moved?): ${absent.join(', ')}`);

// All processes of a run read one clock, which starts when the run does (`testing/suite-clock.ts`).
process.env['PURSER_TEST_BEGAN_MS'] ??= String(Date.now());

// What becomes so by itself is waited for as long as a busy machine may take. How soon it has to be so is tried by the clock of a test.
const expect = { poll: { timeout: 20_000 } };
// A worker keeps the modules it has loaded for its next file: to load a server anew for each takes as long as many a file's tests.
const limits = { testTimeout: 60_000, hookTimeout: 120_000, exclude: NOT_TESTS, expect, isolate: false };
/** On the outside services, and on another day: ten minutes before the end of a leap day, on a machine in Nepal. */
const onServices = {
  ...limits,
  globalSetup: [`${SETUP}/services.ts`],
  env: {
    PURSER_TEST_DATABASE_URL: process.env['DATABASE_URL'] ?? '',
    PURSER_TEST_START: process.env['PURSER_TEST_START'] ?? '2028-02-29T23:50:00Z',
    TZ: process.env['TZ'] ?? 'Asia/Kathmandu',
  },
};

const leftOut: string[] = [];
// Trials in large numbers and kills, on the outside services; asked for, every other suite of the apps on them too.
const beyond: TestProjectConfiguration = {
  test: {
    name: 'extended',
    include: [
      ...PACKED_TESTS,
      ...PACKAGES_NOT_ON_SERVICES,
      ...TRIALS,
      ...EXTENDED_ALONE,
      ...(extended === 'all' ? ['apps/**/*.db.test.ts'] : []),
    ],
    ...onServices,
    exclude: [...NOT_TESTS, ...APPS_ON_SERVICES],
  },
};
const projects: TestProjectConfiguration[] = [
  {
    test: {
      name: 'unit',
      include: UNIT_TESTS,
      ...limits,
      exclude: [...NOT_TESTS, ...DATABASE_TESTS, ...SERVICE_TESTS, ...PACKED_TESTS],
    },
  },
  {
    test: {
      name: 'embedded',
      include: DATABASE_TESTS,
      ...limits,
      exclude: [...NOT_TESTS, ...EXTENDED_ALONE],
      globalSetup: [`${SETUP}/embedded.ts`],
    },
  },
];

if (missingAddresses.length === 0 || required || !isTestRun) {
  const ofPackages = DATABASE_TESTS.filter((glob) => !glob.startsWith('apps/'));
  projects.push({
    test: {
      name: 'services',
      include: [...ofPackages, ...SERVICE_TESTS, ...APPS_ON_SERVICES],
      ...onServices,
      exclude: [...NOT_TESTS, ...PACKAGES_NOT_ON_SERVICES, ...TRIALS],
    },
  });
} else {
  leftOut.push(`the suites on outside services are left out: ${missingAddresses.join(', ')} not set`);
}

if (existsSync(chromium) || required || !isTestRun) {
  projects.push({
    test: { name: 'e2e', include: BROWSER_TESTS, ...limits, globalSetup: [`${SETUP}/browser.ts`, './e2e/share.ts'] },
  });
} else {
  leftOut.push(`the browser journeys are left out: no Chromium at ${chromium}`);
}
leftOut.push(
  'left to `npm run check:extended`: trials in large numbers and kills of workers; with `-- --all` every suite of the apps on the outside services',
);

if (isTestRun && extended === undefined) for (const line of leftOut) console.warn(line);

export default defineConfig({
  test: {
    projects: extended === undefined ? projects : [beyond],
    // Much of the time of a file is waiting: for a database, a program that starts, a time that runs out.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    passWithNoTests: false,
  },
});
