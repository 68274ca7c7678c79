import { ensureInstalled, runPinned } from './installed.mjs';
import { buildWeb } from './web.mjs';

ensureInstalled();
buildWeb();
runPinned(['apps/cli/bin/purser.mjs', 'up', ...process.argv.slice(2)]);
