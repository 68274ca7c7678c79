import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..', '..');

/** Runs the measurements of `bench/` and ends with their exit code. */
export async function bench(words: readonly string[]): Promise<void> {
  process.exitCode = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(ROOT, 'bench', 'run.ts'), ...words], { cwd: ROOT, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
