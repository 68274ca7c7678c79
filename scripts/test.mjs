import { compiled, ensureInstalled, runPinned } from './installed.mjs';
import { buildWeb } from './web.mjs';

ensureInstalled();
// The browser journeys visit what a user would see.
buildWeb();
runPinned(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], { ...compiled, PURSER_TEST_PAGE_IS_BUILT: '1' });
