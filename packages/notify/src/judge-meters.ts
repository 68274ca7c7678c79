import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Meters, MeterSpec, MeterState } from '@purser/meters';
import { parseRatio, type Ratio } from '@purser/money';

import type { NewAlert } from './alert.ts';
import { crossings, type Fill, fillOf, THRESHOLDS_DEFAULT } from './thresholds.ts';
import type { Watched } from './watched.ts';

/** Shares by meter key, `*` for all others, as a workspace wants them. */
export type Thresholds = Readonly<Record<string, readonly string[]>>;

const METERS_READ_AT_ONCE = 5_000;

/**
 * The thresholds that the meters of some workspaces have reached, told before or not. How much goes on at once (gauges) is not
 * told of: it changes by the second.
 */
export async function judgeMeters(
  connection: Connection,
  meters: Pick<Meters, 'read'>,
  watched: ReadonlyMap<WorkspaceId, Watched>,
  credits_spent: ReadonlyMap<WorkspaceId, bigint>,
): Promise<NewAlert[]> {
  const wanted = await wantedThresholds(connection, [...watched.keys()]);
  const specs = distinct([...watched.values()].flatMap((one) => one.meters.filter((meter) => meter.class !== 'gauge')));
  const states: MeterState[] = [];
  for (let from = 0; from < specs.length; from += METERS_READ_AT_ONCE) {
    states.push(...(await meters.read(specs.slice(from, from + METERS_READ_AT_ONCE))));
  }
  const known = states.filter(({ workspace }) => watched.has(workspace));
  const credits = known.filter((state) => state.class === 'credit');
  const fills = [
    ...known
      .filter((state) => state.class !== 'credit')
      .map((state) => fillOf(state, watched.get(state.workspace)?.nameOf?.(state))),
    ...(await creditFills(connection, credits, watched, credits_spent)),
  ];
  return fills.flatMap((fill) => {
    const of = watched.get(fill.workspace);
    return crossings(fill, thresholdsOf(fill, wanted.get(fill.workspace), of), of?.timezone ?? 'UTC');
  });
}

/** The platform's meters come with every workspace. */
function distinct(specs: readonly MeterSpec[]): MeterSpec[] {
  const seen = new Map(
    specs.map((spec) => [`${spec.workspace} ${spec.key} ${spec.unit} ${spec.window_start.epochMilliseconds}`, spec]),
  );
  return [...seen.values()];
}

function thresholdsOf(fill: Fill, wanted: Thresholds | undefined, watched: Watched | undefined): readonly Ratio[] {
  const own = wanted?.[fill.key] ?? wanted?.['*'];
  if (own !== undefined) return own.map(parseRatio);
  return watched === undefined || watched.thresholds.length === 0 ? THRESHOLDS_DEFAULT : watched.thresholds;
}

async function wantedThresholds(
  connection: Connection,
  workspaces: readonly WorkspaceId[],
): Promise<Map<WorkspaceId, Thresholds>> {
  const { rows } = await connection.query<{ workspace: WorkspaceId; thresholds: Thresholds }>(
    'select workspace_id as workspace, thresholds from notify.setting where workspace_id = any ($1::uuid[])',
    [workspaces],
  );
  return new Map(rows.map(({ workspace, thresholds }) => [workspace, thresholds]));
}

/**
 * Credits come and lapse all the time, so their cap says nothing about how far they are used: the measure is the most there were
 * at once in the billing period. What was just spent was there before.
 */
async function creditFills(
  connection: Connection,
  states: readonly MeterState[],
  watched: ReadonlyMap<WorkspaceId, Watched>,
  spent: ReadonlyMap<WorkspaceId, bigint>,
): Promise<Fill[]> {
  if (states.length === 0) return [];
  const left = states.map((state) => ({
    ...fillOf(state),
    window_start: watched.get(state.workspace)?.period_start ?? state.window_start,
    left: state.cap - state.used,
  }));
  const { rows } = await connection.query<{ workspace: WorkspaceId; key: string; credits: bigint }>(
    `insert into notify.credit_peak as p (workspace_id, key, window_start, credits)
     select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[])
     on conflict (workspace_id, key, window_start) do update set credits = greatest(p.credits, excluded.credits)
     returning workspace_id as workspace, key, credits`,
    [
      left.map(({ workspace }) => workspace),
      left.map(({ key }) => key),
      left.map(({ window_start }) => window_start.toString()),
      left.map((one) => (one.left + (one.key === 'credits' ? (spent.get(one.workspace) ?? 0n) : 0n)).toString()),
    ],
  );
  const peaks = new Map(rows.map(({ workspace, key, credits }) => [`${workspace} ${key}`, credits]));
  return left.map(({ left: remaining, ...fill }) => {
    const cap = peaks.get(`${fill.workspace} ${fill.key}`) ?? 0n;
    return { ...fill, cap, used: cap - remaining };
  });
}
