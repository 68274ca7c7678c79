import { existsSync } from 'node:fs';
import path from 'node:path';

import { ensureInstalled, root, step } from './installed.mjs';

ensureInstalled();

const bin = (name, file) => path.join(root, 'node_modules', name, file);
const webTypes = path.join(root, 'apps', 'web', 'tsconfig.json');
const tsc = bin('typescript', 'bin/tsc');

const checks = [
  { name: 'format', words: [bin('oxfmt', 'bin/oxfmt'), '--check'] },
  { name: 'lint', words: [bin('oxlint', 'bin/oxlint')] },
  { name: 'types', words: [tsc, '-p', root] },
  ...(existsSync(webTypes) ? [{ name: 'types of the web client', words: [tsc, '-p', webTypes, '--noEmit'] }] : []),
  { name: 'dead code', words: [bin('knip', 'bin/knip.js'), '--no-progress', '--treat-config-hints-as-errors'] },
  {
    name: 'structure and style',
    words: [bin('vitest', 'vitest.mjs'), 'run', '--project', 'unit', 'structure.test.ts', 'tidy.test.ts'],
  },
];

// All of them run, so that one round shows everything that is wrong.
const failed = checks.filter(({ name, words }) => {
  console.log(`— ${name}`);
  return step(words) !== 0;
});

console.log(failed.length === 0 ? `${checks.length} checks passed` : `failed: ${failed.map(({ name }) => name).join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
