import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.purser', '.cache', 'test-results']);

/** A throw-away copy of the repository, with the dependencies of the original and its own packages: nothing that is mutated is in the original. */
export function copyOf(root: string): Disposable & { readonly root: string } {
  const copy = mkdtempSync(path.join(tmpdir(), 'purser-mutants-'));
  cpSync(root, copy, { recursive: true, filter: (from) => !LEFT_OUT.has(path.basename(from)) });
  for (const above of ['', ...readdirSync(path.join(root, 'packages')).map((name) => `packages/${name}`)]) {
    linkDependencies(path.join(root, above, 'node_modules'), path.join(copy, above, 'node_modules'));
  }
  return {
    root: copy,
    [Symbol.dispose]: () => {
      rmSync(copy, { recursive: true, force: true });
    },
  };
}

function linkDependencies(from: string, to: string): void {
  let names: string[];
  try {
    names = readdirSync(from);
  } catch {
    return;
  }
  mkdirSync(to, { recursive: true });
  for (const name of names) {
    if (name === '@purser') {
      mkdirSync(path.join(to, name));
      // Relative, so that they lead into the copy.
      for (const own of readdirSync(path.join(from, name)))
        symlinkSync(readlinkSync(path.join(from, name, own)), path.join(to, name, own));
    } else if (name !== '.vite' && name !== '.cache') symlinkSync(path.join(from, name), path.join(to, name));
  }
}
