import { ensureInstalled, runPinned } from './installed.mjs';

ensureInstalled();
runPinned(['bench/run.ts', ...process.argv.slice(2)]);
