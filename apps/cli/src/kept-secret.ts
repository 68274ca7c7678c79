import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Fault } from '@purser/core';
import { makeFolder } from '@purser/embedded';

/** A secret of an earlier start, out of the data folder. */
export async function readKeptSecret(folder: string, name: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path.join(folder, name), 'utf8')).trim();
    return text === '' ? undefined : text;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Fault(`${path.join(folder, name)} cannot be read`, { retryable: false, cause: error });
  }
}

/** Keeps a secret for the next start, readable by its owner alone; the file appears whole or not at all. */
export async function keepSecret(folder: string, name: string, secret: string): Promise<void> {
  const file = path.join(folder, name);
  try {
    await makeFolder(folder);
    await writeFile(`${file}.new`, `${secret}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    throw new Fault(`${file} cannot be written`, { retryable: false, cause: error });
  }
}
