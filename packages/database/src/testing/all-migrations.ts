import { existsSync } from 'node:fs';

import type { SchemaMigrations } from '../migrate.ts';

/** Packages whose Postgres schema has another name, which databases that exist already bear. */
const SCHEMA_OF: Readonly<Record<string, string>> = { database: 'base', http: 'server' };

/** The migrations of every package that has any, in the given order of packages; `root` is the folder of the repository. */
export function allMigrations(root: URL, order: readonly string[]): SchemaMigrations[] {
  return order.flatMap((name) =>
    ['packages', 'apps']
      .map((above) => new URL(`${above}/${name}/migrations/`, root))
      .filter((directory) => existsSync(directory))
      .map((directory) => ({ schema: SCHEMA_OF[name] ?? name, directory })),
  );
}
