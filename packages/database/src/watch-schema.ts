import { repeat, type Repetition } from '@purser/core';

import { type SchemaMigrations, unknownMigrations } from './migrate.ts';
import type { Pool } from './pool.ts';

interface Told {
  warn(details: object, words: string): void;
  error(details: object, words: string): void;
}

/**
 * Notices that a newer version has brought the database forward while this server runs, and says so once. It serves on: a version's
 * migrations leave what the version before reads and writes as it was. It could not be started again.
 */
export function watchSchema(parts: {
  readonly pool: Pool;
  readonly schemas: readonly SchemaMigrations[];
  readonly every_ms: number;
  readonly log: Told;
}): Repetition {
  const { pool, schemas, every_ms, log } = parts;
  let told = false;
  return repeat(
    every_ms,
    async () => {
      if (told) return;
      const unknown = await unknownMigrations(pool, schemas);
      if (unknown.length === 0) return;
      told = true;
      log.warn({ migrations: unknown }, 'a newer version has migrated the database; this server continues, replace it soon');
    },
    (err) => log.error({ err }, 'the schema version of the database could not be read'),
  );
}
