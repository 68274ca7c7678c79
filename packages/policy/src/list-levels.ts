import { type Clock, PLATFORM } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Catalog, Ladder } from '@purser/catalog';
import type { Meters } from '@purser/meters';

import { effectsOf, reasonOf } from './ladder.ts';
import { sharedLadders, spentOf } from './ladder-watch.ts';
import type { Degradation } from './policy.ts';

/** Where one ladder stands. Amounts in whole units; money in nano-units. */
export interface ListedLevel {
  readonly ladder: string;
  readonly watches: Ladder['watches'];
  readonly workspace_id: string | null;
  readonly unit: string;
  readonly spent: bigint;
  readonly cap: bigint;
  readonly level: number;
  readonly levels: number;
  readonly since: Temporal.Instant | null;
  readonly effects: readonly Degradation[];
}

interface Row {
  workspace_id: string;
  ladder: string;
  unit: string;
  spent: bigint;
  cap: bigint;
  level: number;
  since: Temporal.Instant;
}

const MONTH_DAYS = 31;

/** The shared ladders as they stand now, and the workspaces that are on a level, farthest down first. */
export async function listLevels(
  parts: { readonly pool: Pool; readonly clock: Clock; readonly meters: Pick<Meters, 'read'>; readonly catalog: Catalog },
  limit: number,
): Promise<{ shared: ListedLevel[]; workspaces: ListedLevel[]; count: number }> {
  const { pool, clock, meters, catalog } = parts;
  const now = clock.now();
  const watched = sharedLadders(catalog, now);
  // A level of a period that has ended stands in its row until the workspace is next heard of: no period is longer than this.
  const oldest = now.subtract({ hours: MONTH_DAYS * 24 }).toString();
  const [states, kept, own, counted] = await Promise.all([
    meters.read(watched.map(({ spec }) => spec)),
    pool.query<Row>('select ladder, level, since from policy.level where workspace_id = $1', [PLATFORM]),
    pool.query<Row>(
      `select workspace_id, ladder, unit, spent, cap, level, since from policy.level
       where level > 0 and workspace_id <> $1 and window_start > $2 order by level desc, since desc limit $3`,
      [PLATFORM, oldest, limit],
    ),
    pool.query<{ n: number }>(
      'select count(*)::int as n from policy.level where level > 0 and workspace_id <> $1 and window_start > $2',
      [PLATFORM, oldest],
    ),
  ]);
  const shared = watched.map(({ ladder, spec }, index): ListedLevel => {
    const state = states[index];
    const row = kept.rows.find((candidate) => candidate.ladder === ladder.name);
    return {
      ...describe(ladder, row?.level ?? 0),
      workspace_id: null,
      unit: spec.unit,
      spent: state === undefined ? 0n : spentOf(state),
      cap: spec.cap ?? 0n,
      since: row?.since ?? null,
    };
  });
  const workspaces = own.rows.map(({ ladder: name, level, ...row }): ListedLevel => {
    const ladder = catalog.ladders.find((candidate) => candidate.name === name);
    const described = ladder && describe(ladder, level);
    return { ...(described ?? { ladder: name, watches: 'ceiling', level, levels: level, effects: [] }), ...row };
  });
  return { shared, workspaces, count: counted.rows[0]?.n ?? 0 };
}

function describe(ladder: Ladder, level: number): Pick<ListedLevel, 'ladder' | 'watches' | 'level' | 'levels' | 'effects'> {
  const why = level === 0 ? '' : reasonOf(ladder, level);
  const effects = Object.entries(effectsOf(ladder, level)).map(([name, value]) => ({ what: `${name}: ${textOf(value)}`, why }));
  return { ladder: ladder.name, watches: ladder.watches, level, levels: ladder.levels.length, effects };
}

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value)
    ? value.join(', ')
    : Object.entries(value)
        .map(([key, of]) => `${key} ${String(of)}`)
        .join(', ');
}
