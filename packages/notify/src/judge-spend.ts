import { localTime, PLATFORM, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { creditsSpent } from '@purser/ledger';

import type { NewAlert } from './alert.ts';
import type { AlertKind } from './alert-kinds.ts';
import { unusualFrom } from './anomaly.ts';
import { spendBefore, type SpentHour } from './spend.ts';
import type { Watched } from './watched.ts';
import { inUnit } from './words.ts';

/** Hours further back are history: they are counted, and nobody is woken for them. */
const RECENT = { hours: 2 };
/** The part of a month's ceiling below which an hour is never unusual. */
const FLOOR_DIVISOR = 20n;
const ANOMALY_AGAIN = { hours: 24 };
const FRAUD_AGAIN = { hours: 1 };

/** Whether an hour of a workspace is worth an alert: far above its own past, or more credits than are taken for honest. */
export async function judgeHour(
  connection: Connection,
  now: Temporal.Instant,
  spent: SpentHour,
  watched: Watched,
): Promise<NewAlert | undefined> {
  if (Temporal.Instant.compare(spent.hour, now.subtract(RECENT)) < 0) return undefined;
  return spent.unit === 'credit' ? fraud(connection, now, spent, watched) : anomaly(connection, now, spent, watched);
}

async function anomaly(
  connection: Connection,
  now: Temporal.Instant,
  spent: SpentHour,
  { cost_cap, timezone }: Watched,
): Promise<NewAlert | undefined> {
  const { workspace, unit, hour, amount } = spent;
  const floor = cost_cap.nanos / FLOOR_DIVISOR;
  if (unit !== cost_cap.currency || amount < floor) return undefined;
  const limit = unusualFrom((await spendBefore(connection, spent)).map(Number), Number(floor));
  if (limit === undefined || Number(amount) < limit) return undefined;
  if (await raisedSince(connection, workspace, 'anomaly', now.subtract(ANOMALY_AGAIN))) return undefined;
  const whose = workspace === PLATFORM ? 'All workspaces together' : 'This workspace';
  return {
    workspace,
    kind: 'anomaly',
    subject: `spend ${unit}`,
    window_start: hour,
    level: BigInt(Math.ceil(limit)),
    value: amount,
    severity: 'warning',
    title: 'Unusually high spend in one hour',
    text: `${whose} spent ${inUnit(amount, unit)} in the hour from ${localTime(hour, timezone)}; amounts from ${inUnit(BigInt(Math.ceil(limit)), unit)} are unusual, by the median and spread of the last four weeks.`,
  };
}

async function fraud(
  connection: Connection,
  now: Temporal.Instant,
  { workspace, hour, amount }: SpentHour,
  { credits_hour_max, timezone }: Watched,
): Promise<NewAlert | undefined> {
  if (credits_hour_max === undefined || workspace === PLATFORM) return undefined;
  // Any 60 minutes lie within two hours of the clock: only who passed the limit in both together is looked at closely.
  const { rows } = await connection.query<{ amount: bigint }>(
    `select amount from notify.spend where workspace_id = $1 and unit = 'credit' and hour = $2`,
    [workspace, hour.subtract({ hours: 1 }).toString()],
  );
  if (amount + (rows[0]?.amount ?? 0n) <= credits_hour_max) return undefined;
  const spent = await creditsSpent(connection, { workspace, from: now.subtract({ hours: 1 }), to: now });
  if (spent <= credits_hour_max) return undefined;
  if (await raisedSince(connection, workspace, 'fraud', now.subtract(FRAUD_AGAIN))) return undefined;
  return {
    workspace,
    kind: 'fraud',
    subject: 'credits an hour',
    window_start: hour,
    level: credits_hour_max,
    value: spent,
    severity: 'critical',
    title: 'More credits in an hour than the fraud threshold',
    text: `${spent} credits were spent in the hour before ${localTime(now, timezone)}; the fraud threshold of the plan is ${credits_hour_max}.`,
  };
}

async function raisedSince(
  connection: Connection,
  workspace: WorkspaceId,
  kind: AlertKind,
  since: Temporal.Instant,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    'select 1 from notify.alert where workspace_id = $1 and kind = $2 and raised_at > $3 limit 1',
    [workspace, kind, since.toString()],
  );
  return rowCount === 1;
}
