import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and those above it; the first that was made, undefined when it was there already. One at a time: what Node calls
 * recursive never ends where a folder may not be made though the one above it is there, as under /proc.
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !(await exists(at)); at = path.dirname(at)) missing.unshift(at);
  for (const one of missing) {
    await mkdir(one).catch((error: unknown) => {
      // Somebody else may make it at the same time.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
  return missing[0];
}

async function exists(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => {
      if (found.isDirectory()) return true;
      throw new Error(`${folder} is not a folder`);
    },
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Makes a folder that every user can enter, whatever the umask. A folder that is there already stays as it is. */
export async function makeOpenFolder(folder: string): Promise<void> {
  const first = await makeFolder(folder);
  if (first === undefined) return;
  for (let made = path.resolve(folder); made.length >= first.length; made = path.dirname(made)) await chmod(made, 0o755);
}
