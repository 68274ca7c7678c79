import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { backUp } from './backup.ts';

const NOW = Temporal.Instant.from('2026-01-01T00:00:00Z');
/** A disk without room, for whoever writes to it. */
const FULL = '/dev/full';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-backup-'));
  // The next backup gets the connection that the last has used.
  database = await createTestDatabase([], 1);
  await database.pool.query(
    `create table base.filler (text text); insert into base.filler select repeat(md5(n::text), 30) from generate_series(1, 20000) n`,
  );
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

test('a backup that its folder does not take ends in one line, and the connection goes on', async () => {
  await expect(backUp(database.pool, path.join(folder, 'no-such', 'backup'), NOW)).rejects.toThrow(
    'cannot be written: there is no such file or folder',
  );
  expect((await backUp(database.pool, path.join(folder, 'first'), NOW)).rows).toBeGreaterThanOrEqual(20_000);
});

test.runIf(existsSync(FULL))(
  'a disk that is full half way ends in one line, leaves nothing, and the connection goes on',
  async () => {
    await symlink(FULL, path.join(folder, 'full.part'));
    await expect(backUp(database.pool, path.join(folder, 'full'), NOW)).rejects.toThrow('cannot be written: the disk is full');
    expect((await readdir(folder)).filter((name) => name.startsWith('full'))).toEqual([]);
    expect((await backUp(database.pool, path.join(folder, 'second'), NOW)).rows).toBeGreaterThanOrEqual(20_000);
  },
);
