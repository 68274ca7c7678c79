import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startEmbedded } from './start.ts';

/** A folder that is thrown away. The user who serves a database may enter it, or the database would be kept elsewhere and outlive it. */
export async function scratchFolder(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-scratch-'));
  await chmod(folder, 0o755);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * An empty embedded database that is thrown away, and so by default waits for no disk. What measures, or tries a loss, wants it `durable`.
 * @throws as `startEmbedded`.
 */
export async function scratchDatabase({ durable = false } = {}): Promise<AsyncDisposable & { readonly url: string }> {
  await using opened = new AsyncDisposableStack();
  const { folder } = opened.use(await scratchFolder());
  const database = await startEmbedded({ dataDir: folder, durable });
  opened.defer(() => database.stop());
  const kept = opened.move();
  return { url: database.url, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
