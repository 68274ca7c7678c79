import { localTime, PLATFORM, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { creditsSpent, usersAbove } from '@purser/ledger';

import type { NewAlert } from './alert.ts';
import type { AlertKind } from './alert-kinds.ts';
import { unusualFrom } from './anomaly.ts';
import { fraudSubject } from './fraud-subject.ts';
import { shortSubject } from './raise.ts';
import { spendBefore, type SpentHour } from './spend.ts';
import type { Watched } from './watched.ts';
import { inUnit } from './words.ts';

/** Hours further back are history: they are counted, and nobody is woken for them. */
const RECENT = { hours: 2 };
/** The part of a month's ceiling below which an hour is never unusual. */
const FLOOR_DIVISOR = 20n;
const ANOMALY_AGAIN = { hours: 24 };
const FRAUD_AGAIN = { hours: 1 };

/** The alerts that an hour of a workspace is worth: far above its own past, or users of more credits than are taken for honest. */
export async function judgeHour(
  connection: Connection,
  now: Temporal.Instant,
  spent: SpentHour,
  watched: Watched,
): Promise<readonly NewAlert[]> {
  if (Temporal.Instant.compare(spent.hour, now.subtract(RECENT)) < 0) return [];
  if (spent.unit === 'credit') return fraud(connection, now, spent, watched);
  const unusual = await anomaly(connection, now, spent, watched);
  return unusual ? [unusual] : [];
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
  if ((await raisedSince(connection, workspace, 'anomaly', now.subtract(ANOMALY_AGAIN))).size > 0) return undefined;
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

/** The flags of users, each of who spent more by itself: what many spend together is no fraud, however much it is. */
async function fraud(
  connection: Connection,
  now: Temporal.Instant,
  { workspace, hour, amount }: SpentHour,
  { credits_hour_max, timezone }: Watched,
): Promise<readonly NewAlert[]> {
  if (credits_hour_max === undefined || workspace === PLATFORM) return [];
  // Any 60 minutes lie within two hours of the clock: only where all users passed the limit in both together is one looked at closely.
  const { rows } = await connection.query<{ amount: bigint }>(
    `select amount from notify.spend where workspace_id = $1 and unit = 'credit' and hour = $2`,
    [workspace, hour.subtract({ hours: 1 }).toString()],
  );
  if (amount + (rows[0]?.amount ?? 0n) <= credits_hour_max) return [];
  const sixty = { workspace, from: now.subtract({ hours: 1 }), to: now };
  if ((await creditsSpent(connection, sixty)) <= credits_hour_max) return [];
  const [users = []] = await usersAbove(connection, [{ ...sixty, credits_max: credits_hour_max }]);
  if (users.length === 0) return [];
  const flagged = await raisedSince(connection, workspace, 'fraud', now.subtract(FRAUD_AGAIN));
  return users.flatMap(({ actor, end_user, credits }): NewAlert[] => {
    const subject = fraudSubject(end_user ?? actor);
    if (flagged.has(shortSubject(subject))) return [];
    const who = end_user === null ? actor || 'a caller without a name' : `the user ${end_user}`;
    return [
      {
        workspace,
        kind: 'fraud',
        subject,
        window_start: hour,
        level: credits_hour_max,
        value: credits,
        severity: 'critical',
        title: 'One user spent more credits in an hour than the fraud threshold',
        text: `${credits} credits were spent by ${who} in the hour before ${localTime(now, timezone)}; the fraud threshold of the plan is ${credits_hour_max}.`,
      },
    ];
  });
}

/** The subjects of a workspace's alerts of a kind since an instant. */
async function raisedSince(
  connection: Connection,
  workspace: WorkspaceId,
  kind: AlertKind,
  since: Temporal.Instant,
): Promise<ReadonlySet<string>> {
  const { rows } = await connection.query<{ subject: string }>(
    'select subject from notify.alert where workspace_id = $1 and kind = $2 and raised_at > $3',
    [workspace, kind, since.toString()],
  );
  return new Set(rows.map(({ subject }) => subject));
}
