import { type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Connection, Queryable } from '@purser/database';
import { raise } from '@purser/notify';

import { DAYS, type Grievance, grievanceWords, judgeSender, type SenderFigures, type SenderLevel } from './sender-level.ts';

/** The kind of alert that tells of it; see the manifest. */
export const SENDER_ALERT = 'sender_reputation';

export interface SenderStanding extends SenderFigures {
  readonly level: SenderLevel;
  readonly reason: Grievance | null;
  readonly since: Temporal.Instant | null;
}

/** The day in UTC, by which senders are counted. */
function dayOf(now: Temporal.Instant): Temporal.PlainDate {
  return now.toZonedDateTimeISO('UTC').toPlainDate();
}

/** The oldest day that counts. */
export function firstDay(now: Temporal.Instant): string {
  return dayOf(now)
    .subtract({ days: DAYS - 1 })
    .toString();
}

/** Counts what became of messages, in the caller's transaction. */
export async function countSender(
  connection: Queryable,
  workspace: WorkspaceId,
  now: Temporal.Instant,
  { sent = 0, bounced = 0, complained = 0 }: Partial<SenderFigures>,
): Promise<void> {
  if (sent + bounced + complained === 0) return;
  await connection.query('select campaigns.count_sender($1, $2, $3, $4, $5)', [
    workspace,
    dayOf(now).toString(),
    sent,
    bounced,
    complained,
  ]);
}

/** How a workspace stands as a sender now: its level as it is kept, its figures as they are. */
export async function standingOf(connection: Queryable, workspace: WorkspaceId, now: Temporal.Instant): Promise<SenderStanding> {
  const { rows } = await connection.query<SenderStanding>(
    `select coalesce(s.level, 'good') as level, s.reason, s.since, d.sent, d.bounced, d.complained
     from (select coalesce(sum(sent), 0)::integer as sent, coalesce(sum(bounced), 0)::integer as bounced,
             coalesce(sum(complained), 0)::integer as complained
           from campaigns.sender_day where workspace_id = $1 and day >= $2) d
     left join campaigns.sender_standing s on s.workspace_id = $1`,
    [workspace, firstDay(now)],
  );
  return rows[0] ?? { level: 'good', reason: null, since: null, sent: 0, bounced: 0, complained: 0 };
}

/**
 * Judges a sender of whom something was counted: one that got worse is told, with its operator, once. It gets better by `refreshStandings`
 * or by the operator, so that a delivery more does not let it go on.
 */
export async function judge(connection: Connection, workspace: WorkspaceId, now: Temporal.Instant): Promise<void> {
  const standing = await standingOf(connection, workspace, now);
  const { level, reason } = judgeSender(standing);
  if (level === 'good' || reason === undefined || level === standing.level || standing.level === 'stopped') return;
  await connection.query(
    `insert into campaigns.sender_standing (workspace_id, level, reason, since) values ($1, $2, $3, $4)
     on conflict (workspace_id) do update set level = excluded.level, reason = excluded.reason, since = excluded.since`,
    [workspace, level, reason, now.toString()],
  );
  const words = grievanceWords(standing, reason, level);
  await raise(connection, now, [
    {
      workspace,
      kind: SENDER_ALERT,
      subject: reason,
      window_start: now,
      threshold: level,
      severity: level === 'stopped' ? 'critical' : 'warning',
      title:
        level === 'stopped'
          ? 'Sending of e-mail is stopped'
          : `Too many e-mails ${reason === 'bounces' ? 'bounce' : 'are complained of'}`,
      text: `${words}. ${level === 'stopped' ? `Nothing more is sent until the operator lifts it or the rate falls. ${REMEDY}` : REMEDY}`,
    },
  ]);
}

const REMEDY = 'Write to people who asked for it, and take addresses off the list that do not answer any more.';

/** Whether a workspace is kept from sending: said with what to do. */
export async function refusedSender(
  connection: Queryable,
  workspace: WorkspaceId,
  now: Temporal.Instant,
): Promise<Refusal | undefined> {
  const { level, reason, ...figures } = await standingOf(connection, workspace, now);
  if (level !== 'stopped') return undefined;
  const words = grievanceWords(figures, reason ?? 'bounces', 'stopped');
  return refuse(
    'temporarily_blocked',
    `sending is stopped: ${words}; take those addresses off your lists, then ask the operator to lift it`,
  );
}
