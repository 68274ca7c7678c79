import { existsSync } from 'node:fs';

import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

const DATABASE_TESTS = ['packages/**/*.db.test.ts', 'apps/**/*.db.test.ts', '*.db.test.ts'];
const SERVICE_TESTS = ['packages/**/*.services.test.ts', 'apps/**/*.services.test.ts'];
const BROWSER_TESTS = ['e2e/**/*.test.ts'];
const UNIT_TESTS = ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'scripts/**/*.test.ts', '*.test.ts'];
const NOT_TESTS = ['**/node_modules/**', '**/dist/**'];
const SETUP = './packages/database/src/testing/setup';

const required = process.env['PURSER_REQUIRE_SERVICES'] === '1';
// The dead-code check and editors read this file too, and must see every suite.
const isTestRun = Boolean(process.env['VITEST']);
const addresses = ['DATABASE_URL', 'REDIS_URL', 'NATS_URL'];
const missingAddresses = addresses.filter((name) => !process.env[name]);
const chromium = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

// All processes of a run read one clock, which starts when the run does (`testing/suite-clock.ts`).
process.env['PURSER_TEST_BEGAN_MS'] ??= String(Date.now());

const limits = { testTimeout: 30_000, hookTimeout: 120_000, exclude: NOT_TESTS };

const projects: TestProjectConfiguration[] = [
  { test: { name: 'unit', include: UNIT_TESTS, ...limits, exclude: [...NOT_TESTS, ...DATABASE_TESTS, ...SERVICE_TESTS] } },
  { test: { name: 'embedded', include: DATABASE_TESTS, ...limits, globalSetup: [`${SETUP}/embedded.ts`] } },
];
const leftOut: string[] = [];

if (missingAddresses.length === 0 || required || !isTestRun) {
  projects.push({
    test: {
      name: 'services',
      include: [...DATABASE_TESTS, ...SERVICE_TESTS],
      ...limits,
      globalSetup: [`${SETUP}/services.ts`],
      // The same guarantees on another day: ten minutes before the end of a leap day, on a machine in Nepal.
      env: {
        PURSER_TEST_DATABASE_URL: process.env['DATABASE_URL'] ?? '',
        PURSER_TEST_START: process.env['PURSER_TEST_START'] ?? '2028-02-29T23:50:00Z',
        TZ: process.env['TZ'] ?? 'Asia/Kathmandu',
      },
    },
  });
} else {
  leftOut.push(`the suites on outside services are left out: ${missingAddresses.join(', ')} not set`);
}

if (existsSync(chromium) || required || !isTestRun) {
  projects.push({
    test: { name: 'e2e', include: BROWSER_TESTS, ...limits, globalSetup: [`${SETUP}/browser.ts`, './e2e/build-page.ts'] },
  });
} else {
  leftOut.push(`the browser journeys are left out: no Chromium at ${chromium}`);
}

for (const line of leftOut) console.warn(line);

export default defineConfig({
  test: { projects, maxWorkers: 2, passWithNoTests: false },
});
