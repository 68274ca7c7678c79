import { type Clock, PLATFORM, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';
import type { Log } from '@purser/log';
import { attemptedAfter, type BookedHour, bookedAfter, BOOKS_BEGIN, type Position } from '@purser/ledger';
import type { Meters } from '@purser/meters';

import type { NewAlert } from './alert.ts';
import { judgeMeters } from './judge-meters.ts';
import { judgeHour } from './judge-spend.ts';
import { raise } from './raise.ts';
import { addSpend, forgetSpend, type SpentHour } from './spend.ts';
import type { AlertSource, Watch, Watched } from './watched.ts';
import { inUnit } from './words.ts';

export interface ScanParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Pick<Meters, 'read'>;
  readonly watch: Watch;
  readonly sources: readonly AlertSource[];
  readonly log: Pick<Log, 'error'>;
  /** How many rows of each source a step reads. */
  readonly rows_max?: number;
}

const ROWS_MAX = 10_000;
/** A scan that finds a long past (books that were there before) leaves the rest to the next, so that a stop need not wait for it. */
const STEPS_MAX = 20;

/**
 * Reads what the books and the other sources have gained since the last scan, and raises what is worth telling. A step is one
 * transaction: what was read, what was made of it and how far it went are there together or not at all. One process scans at a
 * time; another returns at once. Returns how many alerts it raised.
 */
export async function scan(parts: ScanParts): Promise<number> {
  const { rows_max = ROWS_MAX } = parts;
  let raised = 0;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = await transaction(parts.pool, (connection) => scanStep(connection, parts, rows_max));
    raised += step.raised;
    if (!step.full) break;
  }
  return raised;
}

async function scanStep(connection: Connection, parts: ScanParts, rows_max: number): Promise<{ raised: number; full: boolean }> {
  // A step reads a stretch of an index; a plan made for another stretch could read whole tables.
  await connection.query('set local enable_seqscan = off');
  const leads = await connection.query(`select 1 from notify.position where source = 'scan' for update skip locked`);
  if (leads.rowCount === 0) return { raised: 0, full: false };
  const positions = await readPositions(connection);
  const now = parts.clock.now();
  const from = (source: string): Position => positions.get(source) ?? BOOKS_BEGIN;

  const booked = await bookedAfter(connection, from('posting'), rows_max);
  const attempted = await attemptedAfter(connection, from('attempt'), rows_max);
  const spent = await addSpend(connection, booked);
  const touched = new Set([...booked.booked.map(({ workspace }) => workspace), ...attempted.workspaces]);
  if (touched.size > 0) touched.add(PLATFORM);
  const watched = await watchedOf(parts, touched, now);
  const alerts = [
    ...(await judgeMeters(connection, parts.meters, watched, creditsOf(booked.booked))),
    ...(await judgeSpend(connection, now, spent, watched)),
    ...costAlerts(booked.booked),
    ...[...watched.values()].flatMap((one) => one.alerts ?? []),
  ];
  const moved: [string, Position][] = [
    ['posting', booked.through],
    ['attempt', attempted.through],
  ];
  let full = booked.rows === rows_max || attempted.rows === rows_max;
  for (const source of parts.sources) {
    const read = await source.after(connection, from(source.name), rows_max);
    alerts.push(...read.alerts);
    moved.push([source.name, read.through]);
    full ||= read.rows === rows_max;
  }
  const raised = await raise(connection, now, alerts);
  await keepPositions(connection, moved);
  if (booked.rows > 0) await forgetSpend(connection, now);
  return { raised, full };
}

/** A workspace whose policy cannot be had is left out, and told of in the log: the others are not to wait for it. */
async function watchedOf(
  { watch, log }: ScanParts,
  touched: ReadonlySet<WorkspaceId>,
  now: Temporal.Instant,
): Promise<Map<WorkspaceId, Watched>> {
  const all = await Promise.all(
    [...touched].map(async (workspace) => {
      try {
        return [workspace, await watch(workspace, now)] as const;
      } catch (error) {
        log.error({ err: error, workspace }, 'this workspace cannot be evaluated for alerts');
        return [workspace, undefined] as const;
      }
    }),
  );
  return new Map(all.flatMap(([workspace, watched]) => (watched === undefined ? [] : [[workspace, watched]])));
}

function creditsOf(booked: readonly BookedHour[]): Map<WorkspaceId, bigint> {
  const credits = new Map<WorkspaceId, bigint>();
  for (const { workspace, unit, spent } of booked) {
    if (unit === 'credit') credits.set(workspace, (credits.get(workspace) ?? 0n) + spent);
  }
  return credits;
}

async function judgeSpend(
  connection: Connection,
  now: Temporal.Instant,
  spent: readonly SpentHour[],
  watched: ReadonlyMap<WorkspaceId, Watched>,
): Promise<NewAlert[]> {
  const alerts: NewAlert[] = [];
  for (const hour of spent) {
    const terms = watched.get(hour.workspace);
    if (terms) alerts.push(...(await judgeHour(connection, now, hour, terms)));
  }
  return alerts;
}

/** Costs beyond a hold, and costs nobody knows: the first of an hour is told, with what there is by then. */
function costAlerts(booked: readonly BookedHour[]): NewAlert[] {
  return booked.flatMap(({ workspace, hour, unit, overrun, overrun_hold, unreconciled, unreconciled_hold }) => {
    const of = { workspace, window_start: hour, severity: 'warning' } as const;
    const overran: NewAlert = {
      ...of,
      kind: 'overrun',
      subject: `overrun ${unit}`,
      value: overrun,
      title: 'A call cost more than its hold',
      text: `${inUnit(overrun, unit)} more than was held, first by transaction ${overrun_hold}. The overrun reserve covers it, and the model is closed for a while.`,
    };
    const unknown: NewAlert = {
      ...of,
      kind: 'unreconciled',
      subject: `unreconciled ${unit}`,
      value: unreconciled,
      title: 'The cost of a call is unresolved',
      text: `Up to ${inUnit(unreconciled, unit)} may be owed, first for transaction ${unreconciled_hold}. It stays counted as cost until it is resolved (purser unresolved).`,
    };
    return [...(overrun > 0n ? [overran] : []), ...(unreconciled > 0n ? [unknown] : [])];
  });
}

async function readPositions(connection: Connection): Promise<Map<string, Position>> {
  const { rows } = await connection.query<Position & { source: string }>('select source, xid, id from notify.position');
  return new Map(rows.map(({ source, xid, id }) => [source, { xid, id }]));
}

async function keepPositions(connection: Connection, moved: readonly [string, Position][]): Promise<void> {
  await connection.query(
    `insert into notify.position (source, xid, id) select * from unnest($1::text[], $2::bigint[], $3::bigint[])
     on conflict (source) do update set xid = excluded.xid, id = excluded.id where (excluded.xid, excluded.id) <> (notify.position.xid, notify.position.id)`,
    [moved.map(([source]) => source), moved.map(([, { xid }]) => xid.toString()), moved.map(([, { id }]) => id.toString())],
  );
}
