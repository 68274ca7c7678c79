import { PLATFORM, refuse } from '@purser/core';
import { newId } from '@purser/database';
import { suiteClock } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { httpMigrations } from '../migrations.ts';
import { answerOnce, type OnceRequest } from './answer-once.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase([httpMigrations]);
  await database.pool.query('create table thing (name text)');
});
afterAll(() => database.drop());

const once = (key: string, more: Partial<OnceRequest> = {}): OnceRequest => ({
  workspace: PLATFORM,
  actor: 'admin',
  credential: 'the admin token',
  key,
  request_hash: 'POST /things abc',
  ...more,
});

function create(request: OnceRequest | undefined, name: string = newId()) {
  return answerOnce({ pool: database.pool, clock: suiteClock() }, PLATFORM, request, 201, async (connection) => {
    await connection.query('insert into thing (name) values ($1)', [name]);
    return JSON.stringify({ name });
  });
}

async function things(name: string): Promise<number> {
  const { rowCount } = await database.pool.query('select 1 from thing where name = $1', [name]);
  return rowCount ?? 0;
}

describe('a creation under an idempotency key', () => {
  it('happens once, and the same key and body answer the same again', async () => {
    const first = await create(once('k1'), 'one');
    expect(await create(once('k1'), 'two')).toEqual({ ...first, replayed: true });
    expect([await things('one'), await things('two')]).toEqual([1, 0]);
  });

  it('happens once when 16 callers race with one key, and all get the one answer', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => create(once('race'), `racer ${i}`)));
    expect(new Set(answers.map((answer) => ('body' in answer ? answer.body : answer.code))).size).toBe(1);
    const { rowCount } = await database.pool.query(`select 1 from thing where name like 'racer %'`);
    expect(rowCount).toBe(1);
  });

  it('is refused with another body, another route or another credential, and creates nothing', async () => {
    await create(once('k2'), 'three');
    for (const other of [{ request_hash: 'POST /things def' }, { request_hash: 'POST /others abc' }, { credential: 'another' }]) {
      expect(await create(once('k2', other), 'four')).toMatchObject({ code: 'idempotency_mismatch' });
    }
    expect(await things('four')).toBe(0);
  });

  it('is free for another actor under the same key', async () => {
    await create(once('k3'), 'five');
    expect(await create(once('k3', { actor: 'platform' }), 'six')).toMatchObject({ replayed: false });
    expect(await things('six')).toBe(1);
  });

  it('keeps neither a refusal nor a fault: both can be tried again', async () => {
    const deps = { pool: database.pool, clock: suiteClock() };
    expect(await answerOnce(deps, PLATFORM, once('k4'), 201, async () => refuse('limit_reached', 'full'))).toMatchObject({
      code: 'limit_reached',
    });
    await expect(answerOnce(deps, PLATFORM, once('k4'), 201, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    expect(await create(once('k4'), 'seven')).toMatchObject({ replayed: false });
  });

  it('leaves nothing of its answer readable in the database', async () => {
    await create(once('k5'), 'a secret key');
    const { rows } = await database.pool.query<{ text: string }>(`select encode(sealed, 'escape') as text from server.answer`);
    expect(rows.some(({ text }) => text.includes('secret'))).toBe(false);
  });
});
