import { compiled, ensureInstalled, runPinned } from './installed.mjs';

// What `npm test` leaves out for its time: the same guarantees in large numbers, and on the outside services.
ensureInstalled();
runPinned(['node_modules/vitest/vitest.mjs', 'run', '--project', 'extended', ...process.argv.slice(2)], {
  ...compiled,
  PURSER_REQUIRE_SERVICES: '1',
  PURSER_TEST_EXTENDED: '1',
});
