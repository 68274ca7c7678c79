#!/usr/bin/env node
// May be started by any Node from 20 up (`npx purser …`); the program itself runs under the pinned one, which reads TypeScript.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const self = realpathSync(fileURLToPath(import.meta.url));
const modules = path.resolve(path.dirname(self), '..', '..', '..', 'node_modules');
const pinned = path.join(modules, '.bin', 'node');

if (!existsSync(pinned)) {
  console.error('purser: dependencies are not installed; run `npm ci` in the folder of the clone first');
  process.exit(1);
} else if (realpathSync(pinned) === realpathSync(process.execPath)) {
  // The second start reads what the first one compiled. Where nothing can be written there, it compiles again.
  module.enableCompileCache(path.join(modules, '.cache', 'purser'));
  await import('../src/main.ts');
} else {
  const child = spawn(pinned, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
  // On a terminal Ctrl-C reaches the child twice, by itself and from here; it takes the two for one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
