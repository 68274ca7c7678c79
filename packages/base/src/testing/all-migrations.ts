import { existsSync } from 'node:fs';

import type { RoomMigrations } from '../database/migrate.ts';

/** The migrations of every room that has any, in the given order of rooms; `root` is the folder of the repository. */
export function allMigrations(root: URL, order: readonly string[]): RoomMigrations[] {
  return order.flatMap((room) =>
    ['packages', 'apps']
      .map((above) => new URL(`${above}/${room}/migrations/`, root))
      .filter((directory) => existsSync(directory))
      .map((directory) => ({ room, directory })),
  );
}
