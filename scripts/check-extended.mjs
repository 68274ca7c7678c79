import { compiled, ensureInstalled, runPinned } from './installed.mjs';

// What `npm test` leaves out for its time: the same guarantees in large numbers; with `--all`, every suite of the apps on the outside services.
const words = process.argv.slice(2);
ensureInstalled();
runPinned(['node_modules/vitest/vitest.mjs', 'run', '--project', 'extended', ...words.filter((word) => word !== '--all')], {
  ...compiled,
  PURSER_REQUIRE_SERVICES: '1',
  PURSER_TEST_EXTENDED: words.includes('--all') ? 'all' : '1',
});
