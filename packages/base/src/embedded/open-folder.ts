import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';

/** Makes a folder that every user can enter, whatever the umask. A folder that is there already stays as it is. */
export async function makeOpenFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) await chmod(made, 0o755);
}
