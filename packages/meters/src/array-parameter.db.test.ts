import type { Pool } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { bigints, instants, integers, texts, uuids } from './array-parameter.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase([]);
  pool = database.pool;
});
afterAll(() => database.drop());

/** What Postgres makes of the parameter. */
async function read(parameter: Buffer, type: string): Promise<unknown[]> {
  const { rows } = await pool.query<{ read: unknown[] }>(
    `select coalesce((select jsonb_agg(e::text order by n) from unnest($1::${type}[]) with ordinality u (e, n)), '[]') as read`,
    [parameter],
  );
  return rows[0]?.read ?? [];
}

const INT4 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const INT8 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

test('what is written in binary is what Postgres reads, whatever the values', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uuid()),
      fc.array(fc.bigInt(INT8)),
      fc.array(fc.integer(INT4)),
      // A text in Postgres holds no NUL.
      fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))),
      fc.array(fc.integer({ min: 0, max: 4_000_000_000_000 })),
      async (ids, longs, shorts, words, times) => {
        expect(await read(uuids(ids), 'uuid')).toEqual(ids);
        expect(await read(uuids(ids.map((id) => id.toUpperCase())), 'uuid')).toEqual(ids);
        expect(await read(bigints(longs), 'bigint')).toEqual(longs.map(String));
        expect(await read(integers(shorts), 'integer')).toEqual(shorts.map(String));
        expect(await read(texts(words), 'text')).toEqual(words);
        const moments = times.map((time) => Temporal.Instant.fromEpochMilliseconds(time));
        const seen = await read(instants(moments), 'timestamptz');
        expect(seen.map((text) => Temporal.Instant.from(String(text)).epochMilliseconds)).toEqual(times);
      },
    ),
    { numRuns: 60 },
  );
});

test('what is no UUID is refused before it is sent, and so is what no bigint holds', () => {
  for (const wrong of [
    '',
    'x',
    '10000000-0000-7000-8000-00000000000g',
    '10000000000070008000000000000000',
    `${'1'.repeat(36)}1`,
  ]) {
    expect(() => uuids([wrong])).toThrow(TypeError);
  }
  expect(() => bigints([2n ** 63n])).toThrow(RangeError);
  expect(() => integers([2 ** 31])).toThrow(RangeError);
});
