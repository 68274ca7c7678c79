import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

import { fail, root, step } from './installed.mjs';

const web = path.join(root, 'apps', 'web');

/** Builds the web client when it is missing or older than its sources. */
export function buildWeb() {
  if (!existsSync(path.join(web, 'vite.config.ts'))) return;
  const built = path.join(web, 'dist', 'index.html');
  if (existsSync(built) && statSync(built).mtimeMs >= newest(web)) return;
  console.log('building the web client …');
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (step([vite, 'build', web, '--logLevel', 'warn'], { NODE_ENV: 'production' }) !== 0)
    fail('the web client did not build; the words of vite are above');
}

/** When anything the client is built from last changed. */
function newest(folder) {
  let latest = statSync(path.join(root, 'package-lock.json')).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'dist' || entry.name === 'node_modules') continue;
    const file = path.join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(file) : statSync(file).mtimeMs);
  }
  return latest;
}
