import { ensureInstalled, runPinned } from './installed.mjs';

ensureInstalled();
runPinned(['scripts/write-schema.ts']);
