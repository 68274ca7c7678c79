// Runs under whatever Node (20 or newer) the user has; everything else runs under the pinned one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const binaries = path.join(root, 'node_modules', '.bin');
export const pinnedNode = path.join(binaries, process.platform === 'win32' ? 'node.cmd' : 'node');

/** Installs what the lock file names when it is not there yet, or older than the lock. Ends the process with one line when that fails. */
export function ensureInstalled() {
  if (!isCurrent()) {
    console.log('installing dependencies (npm ci) …');
    const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) fail('npm ci failed; its words are above');
  }
  const version = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  const wanted = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).dependencies.node;
  if (version.status !== 0 || version.stdout.trim() !== `v${wanted}`) {
    fail(
      `the pinned Node ${wanted} is missing from node_modules: its install script did not run; ` +
        'run `npm rebuild node`, and see that npm is not set to ignore-scripts',
    );
  }
}

/** npm writes its own lock into node_modules as the last step of an install. */
function isCurrent() {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  const lock = path.join(root, 'package-lock.json');
  if (!existsSync(installed)) return false;
  if (statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return true;
  return sameTree(installed, lock);
}

/** A checkout may touch the lock file without changing it: what counts is what it names. */
function sameTree(installed, lock) {
  const there = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, { version, optional, link }]) =>
      name === '' || !name.includes('node_modules/') || optional || link || there[name]?.version === version,
  );
}

export function fail(line) {
  console.error(`purser: ${line}`);
  process.exit(1);
}

/** The environment of a child: programs of the workspace, the pinned Node above all, are found first. */
export function environment(more = {}) {
  return { ...process.env, PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ''}`, ...more };
}

/** Programs that tests start find compiled what the first of them compiled. */
export const compiled = { NODE_COMPILE_CACHE: path.join(root, 'node_modules', '.cache', 'purser') };

/**
 * Runs a script under the pinned Node until it ends, passing signals on, and ends with its exit code.
 * On a terminal Ctrl-C reaches the child twice, by itself and from here; it takes the two for one.
 */
export function runPinned(words, more = {}) {
  const child = spawn(pinnedNode, words, { cwd: root, stdio: 'inherit', env: environment(more) });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`the pinned Node did not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
  });
}

/** Runs a step under the pinned Node and returns its exit code. */
export function step(words, more = {}) {
  return spawnSync(pinnedNode, words, { cwd: root, stdio: 'inherit', env: environment(more) }).status ?? 1;
}
