import { LruCache, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import type { OpenGrant } from '@purser/meters';
import type { Policy } from '@purser/policy';

import { advanceCheckpoints, type Tail } from './checkpoint.ts';
import { type ExhaustionForecast, forecastExhaustion } from './forecast.ts';

const DAY_MS = 86_400_000;
const DAYS_READ = 28;
/** As long as the balance is the same, a forecast is. */
const KEPT_MS = 30_000;
const KEPT_MAX = 10_000;

/** When a workspace's credits run out, by what it spent on its last days. */
export type CreditForecaster = (
  policy: Policy,
  grants: readonly Pick<OpenGrant, 'available' | 'expires_at'>[],
  now: Temporal.Instant,
) => Promise<ExhaustionForecast>;

/** Reads the days from the checkpoints of the statement; a history that was never looked at is read on in the background. */
export function creditForecaster(pool: Pool): CreditForecaster {
  const kept = new LruCache<
    WorkspaceId,
    { readonly until_ms: number; readonly of: string; readonly forecast: ExhaustionForecast }
  >(KEPT_MAX);
  const reading = new Set<WorkspaceId>();

  /** One step now; the rest of a long history when nobody waits for it. */
  const read = async (workspace: WorkspaceId): Promise<Tail | undefined> => {
    const tail = await advanceCheckpoints(pool, workspace, 1);
    if (tail !== undefined || reading.has(workspace)) return tail;
    reading.add(workspace);
    advanceCheckpoints(pool, workspace, Infinity)
      // Who asks next begins where this one stopped.
      .catch(() => {})
      .finally(() => reading.delete(workspace));
    return undefined;
  };

  return async (policy, grants, now) => {
    const { workspace, billing_period, credits_monthly } = policy;
    const of = `${billing_period.start.epochMilliseconds} ${grants.map(({ available }) => available).join(' ')}`;
    const known = kept.get(workspace.id);
    if (known !== undefined && known.of === of && performance.now() < known.until_ms) return known.forecast;
    const tail = await read(workspace.id);
    if (tail === undefined) return READING;
    const forecast = forecastExhaustion({
      now,
      grants,
      spent_by_day: await spentByDay(pool, workspace, tail, now),
      refresh_at: credits_monthly > 0n ? billing_period.end : null,
    });
    kept.set(workspace.id, { until_ms: performance.now() + KEPT_MS, of, forecast });
    return forecast;
  };
}

const READING: ExhaustionForecast = {
  outlook: 'unknown',
  exhausted_at: null,
  earliest: null,
  latest: null,
  text: 'The history is being read; a forecast will be available soon.',
};

/** Whole days, oldest first, from when the workspace was made but at most 28. */
async function spentByDay(
  pool: Pool,
  workspace: Policy['workspace'],
  tail: Tail,
  now: Temporal.Instant,
): Promise<readonly number[]> {
  const today = Math.floor(now.epochMilliseconds / DAY_MS);
  const first = Math.max(today - DAYS_READ, Math.ceil(workspace.created_at.epochMilliseconds / DAY_MS));
  const spent = Array.from({ length: Math.max(0, today - first) }, () => 0);
  const add = (day: string, credits: bigint): void => {
    const at = Date.parse(`${day}T00:00:00Z`) / DAY_MS - first;
    if (at in spent) spent[at] = (spent[at] ?? 0) + Number(credits);
  };
  const { rows } = await workspaceTransaction(pool, workspace.id, (connection) =>
    connection.query<{ day: string; spent: bigint }>(
      'select day::text, spent from wallet.credit_day where workspace_id = $1 and day >= $2::date',
      [workspace.id, new Date(first * DAY_MS).toISOString().slice(0, 10)],
    ),
  );
  for (const { day, spent: credits } of rows) add(day, credits);
  for (const { day, credits } of tail.spent) add(day, credits);
  return spent;
}
