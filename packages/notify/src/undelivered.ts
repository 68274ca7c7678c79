import { isUuid, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Pool, Queryable } from '@purser/database';

import type { ChannelKind, MessageId } from './message.ts';

/** A message that all attempts have failed to deliver. */
export interface UndeliveredMessage {
  readonly id: MessageId;
  readonly workspace: WorkspaceId;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly alerts: number;
  readonly attempts: number;
  readonly ended_at: Temporal.Instant;
  readonly error: string;
}

const LIMIT = 100;

/** Newest first, 100 at a time; `cursor` is the id of the last one of the page before. */
export async function listUndelivered(
  pool: Pool,
  cursor: string | null,
): Promise<{ letters: UndeliveredMessage[]; next_cursor: string | null } | Refusal> {
  if (cursor !== null && !isUuid(cursor))
    return refuse('invalid_request', 'the cursor is not valid; want `next_cursor` of the page before');
  const { rows } = await pool.query<UndeliveredMessage>(
    `select m.message_id as id, m.workspace_id as workspace, c.kind, c.address, m.attempts, m.ended_at, m.error,
       (select count(*)::integer from notify.delivery d where d.message_id = m.message_id) as alerts
     from notify.message m join notify.channel c using (channel_id)
     where m.state = 'dead' and ($1::uuid is null or m.message_id < $1) order by m.message_id desc limit ${LIMIT + 1}`,
    [cursor],
  );
  const letters = rows.slice(0, LIMIT);
  return { letters, next_cursor: rows.length > LIMIT ? (letters.at(-1)?.id ?? null) : null };
}

/** Sends a dead letter once more, from the first attempt on, under the same id; in the caller's transaction. */
export async function retryUndelivered(tx: Queryable, id: string, now: Temporal.Instant): Promise<Refusal | undefined> {
  const { rowCount } = await tx.query(
    `update notify.message m set state = 'due', attempts = 0, due_at = $2, ended_at = null, leased_until = null
     from notify.channel c where m.message_id = $1 and m.state = 'dead' and c.channel_id = m.channel_id and c.removed_at is null`,
    [id, now.toString()],
  );
  return rowCount === 1 ? undefined : refuse('not_found', `there is no undelivered message ${id} to a channel that still exists`);
}
