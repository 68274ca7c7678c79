import { compiled, ensureInstalled, runPinned, step } from './installed.mjs';

// What `npm test` leaves out for its time: the same guarantees in large numbers; with `--all`, every suite of the apps on the outside services.
const words = process.argv.slice(2);
ensureInstalled();
// A sample of the mutants; all of them are `npm run bench -- mutants`.
if (words.length === 0 && step(['bench/run.ts', 'mutants', 'money/src/ratio.ts', 'money/src/exchange.ts']) !== 0) process.exit(1);
runPinned(['node_modules/vitest/vitest.mjs', 'run', '--project', 'extended', ...words.filter((word) => word !== '--all')], {
  ...compiled,
  PURSER_REQUIRE_SERVICES: '1',
  PURSER_TEST_EXTENDED: words.includes('--all') ? 'all' : '1',
});
