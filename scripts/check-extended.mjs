import { compiled, ensureInstalled, runPinned, step } from './installed.mjs';

// What `npm test` leaves out for its time: the same guarantees in large numbers, and on the outside services.
ensureInstalled();
// A sample of the mutants; all of them are `npm run bench -- mutants`.
if (process.argv.length === 2 && step(['bench/run.ts', 'mutants', 'money/src/ratio.ts', 'money/src/exchange.ts']) !== 0)
  process.exit(1);
runPinned(['node_modules/vitest/vitest.mjs', 'run', '--project', 'extended', ...process.argv.slice(2)], {
  ...compiled,
  PURSER_REQUIRE_SERVICES: '1',
  PURSER_TEST_EXTENDED: '1',
});
