import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { keepSecret, readKeptSecret } from './kept-secret.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-secret-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a kept secret', () => {
  it('is found again by the next start, and only its owner can read the file', async () => {
    const inner = path.join(folder, 'not', 'there', 'yet');
    expect(await readKeptSecret(inner, 'admin-token')).toBeUndefined();
    await keepSecret(inner, 'admin-token', 'abc');
    expect(await readKeptSecret(inner, 'admin-token')).toBe('abc');
    expect((await stat(path.join(inner, 'admin-token'))).mode & 0o777).toBe(0o600);
  });
});
