import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Builds the page once for all journeys, as it is shipped: a test runner's NODE_ENV would make it React's development build. `npm test` has. */
export default async function buildPage(): Promise<void> {
  if (process.env['PURSER_TEST_PAGE_IS_BUILT'] === '1') return;
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', path.join(ROOT, 'apps/web'), '--logLevel', 'warn'], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
}
