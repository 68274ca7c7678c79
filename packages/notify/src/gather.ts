import { newId, type Pool, transaction } from '@purser/database';

import type { ChannelId } from './message.ts';

const CHANNELS_AT_ONCE = 50;
/** What waits for longer than a message can hold goes with the next. */
const ALERTS_MAX = 500;

const MESSAGES_MAX = 5;
const WITHIN_MINUTES = 10;

interface Waiting {
  readonly channel: ChannelId;
  readonly alerts: string[];
  readonly free: number;
  /** When the first of its latest messages no longer counts. */
  readonly free_at: Temporal.Instant | null;
}

/**
 * Makes messages of the alerts that wait: one each while the channel has had few lately, and all of them as one digest when there
 * are more than it wants (5 in 10 minutes, unless its owner says otherwise). No channel ever gets more messages than that.
 */
export async function gather(pool: Pool, now: Temporal.Instant): Promise<number> {
  return transaction(pool, async (connection) => {
    await connection.query(
      `delete from notify.delivery d using notify.channel c
       where d.message_id is null and c.channel_id = d.channel_id and c.removed_at is not null`,
    );
    // Whoever has a channel's row decides about its messages. Only what waits is read, however many channels there are.
    const { rows: chosen } = await connection.query<{ channel: ChannelId }>(
      `select c.channel_id as channel from notify.channel c
       where c.channel_id in (select d.channel_id from notify.delivery d where d.message_id is null)
         and c.removed_at is null and (c.quiet_until is null or c.quiet_until <= $1)
       limit ${CHANNELS_AT_ONCE} for update skip locked`,
      [now.toString()],
    );
    if (chosen.length === 0) return 0;
    // A statement of its own: it sees what the last holder of each channel has made of its alerts.
    const { rows } = await connection.query<Waiting>(
      `select c.channel_id as channel, coalesce(s.messages_max, ${MESSAGES_MAX}) - m.sent as free,
         (m.first + coalesce(s.within_minutes, ${WITHIN_MINUTES}) * interval '1 minute') as free_at,
         array(select d.alert_id from notify.delivery d where d.channel_id = c.channel_id and d.message_id is null
               order by d.alert_id limit ${ALERTS_MAX}) as alerts
       from notify.channel c left join notify.setting s on s.workspace_id = c.workspace_id
       cross join lateral (
         select count(*)::integer as sent, min(x.created_at) as first from notify.message x where x.channel_id = c.channel_id
           and x.created_at > $1::timestamptz - coalesce(s.within_minutes, ${WITHIN_MINUTES}) * interval '1 minute') m
       where c.channel_id = any($2::uuid[])`,
      [now.toString(), chosen.map(({ channel }) => channel)],
    );
    const full = rows.filter(({ free }) => free <= 0);
    await connection.query(
      `update notify.channel c set quiet_until = f.until from unnest($1::uuid[], $2::timestamptz[]) f (channel, until) where c.channel_id = f.channel`,
      [full.map(({ channel }) => channel), full.map(({ free_at }) => free_at?.toString() ?? null)],
    );
    const messages = rows
      .filter(({ free, alerts }) => free > 0 && alerts.length > 0)
      .flatMap(({ channel, alerts, free }) =>
        (alerts.length <= free ? alerts.map((alert) => [alert]) : [alerts]).map((together) => ({
          id: newId<'message'>(),
          channel,
          alerts: together,
        })),
      );
    if (messages.length === 0) return 0;
    await connection.query(
      `insert into notify.message (workspace_id, message_id, channel_id, due_at, created_at)
       select c.workspace_id, m.id, c.channel_id, $1, $1 from unnest($2::uuid[], $3::uuid[]) m (id, channel)
       join notify.channel c on c.channel_id = m.channel`,
      [now.toString(), messages.map(({ id }) => id), messages.map(({ channel }) => channel)],
    );
    const parts = messages.flatMap(({ id, channel, alerts }) => alerts.map((alert) => ({ id, channel, alert })));
    await connection.query(
      `update notify.delivery d set message_id = p.id from unnest($1::uuid[], $2::uuid[], $3::uuid[]) p (id, channel, alert)
       where d.channel_id = p.channel and d.alert_id = p.alert`,
      [parts.map(({ id }) => id), parts.map(({ channel }) => channel), parts.map(({ alert }) => alert)],
    );
    return messages.length;
  });
}
