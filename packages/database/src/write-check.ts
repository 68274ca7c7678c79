import type { Queryable } from './pool.ts';

/** Writes one small row that means nothing. @throws when no write gets through: the database is away, a stand-by, read-only or full. */
export async function checkWrites(database: Queryable): Promise<void> {
  await database.query('update base.write_check set checked_at = clock_timestamp()');
}
