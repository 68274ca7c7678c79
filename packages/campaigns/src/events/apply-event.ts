import { isUuid, type WorkspaceId } from '@purser/core';
import { type Connection, toPostgresText, transaction } from '@purser/database';
import type { CarrierEvent } from '@purser/mail';

import type { RecipientId, RecipientState } from '../campaign.ts';
import type { CampaignsDeps } from '../deps.ts';
import { suppress } from '../suppress.ts';

/** What became of an event: `unknown` is of no message that was sent from here. */
export type EventOutcome = 'applied' | 'duplicate' | 'unknown';

export interface KnownRecipient {
  readonly recipient_id: RecipientId;
  readonly workspace_id: WorkspaceId;
  readonly email: string;
  readonly state: RecipientState;
}

/** Whether an event says that nothing more is to be sent to its address, and why. */
const SUPPRESSES = { bounced: 'bounced', complained: 'complained', unsubscribed: 'unsubscribed' } as const;

/**
 * Applies what a carrier tells of one message, once for each `event_id` and with all that follows from it, in one transaction. Events come
 * in any order. Each concerns one message to one recipient, which is found by our id, or else by the carrier's.
 */
export async function applyEvent(
  { pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>,
  event_id: string,
  event: CarrierEvent,
): Promise<EventOutcome> {
  return transaction(pool, async (connection) => {
    const now = clock.now();
    const { rowCount } = await connection.query(
      'insert into campaigns.carrier_event (event_id, received_at) values ($1, $2) on conflict do nothing',
      [toPostgresText(event_id), now.toString()],
    );
    if (rowCount === 0) return 'duplicate';
    const recipient = await recipientOf(connection, event);
    if (recipient === undefined) return 'unknown';
    await change(connection, event, recipient, now);
    if (suppresses(event)) await suppress(connection, recipient.workspace_id, [recipient.email], SUPPRESSES[event.kind], now);
    return 'applied';
  });
}

function suppresses(event: CarrierEvent): event is CarrierEvent & { readonly kind: keyof typeof SUPPRESSES } {
  return Object.hasOwn(SUPPRESSES, event.kind) && (event.kind !== 'bounced' || event.permanent);
}

const SOUGHT = 'select recipient_id, workspace_id, email, state from campaigns.recipient where provider = $1';

async function recipientOf(
  connection: Connection,
  { provider, recipient, message_id }: CarrierEvent,
): Promise<KnownRecipient | undefined> {
  const sought = async (condition: string, value: string): Promise<KnownRecipient | undefined> => {
    const { rows } = await connection.query<KnownRecipient>(`${SOUGHT} and ${condition} = $2 limit 1 for update`, [
      provider,
      value,
    ]);
    return rows[0];
  };
  const own = recipient !== undefined && isUuid(recipient) ? await sought('recipient_id', recipient) : undefined;
  return own ?? sought('message_id', toPostgresText(message_id));
}

/**
 * A message that has an id of the carrier's was taken. One that nobody was sure of, or that was thought not to have been, is found: its
 * cost is booked by itself. Of one that is in a worker's hands the worker says whether it counted it.
 */
async function change(
  connection: Connection,
  { kind, permanent, message_id, reason }: CarrierEvent,
  { recipient_id, state }: KnownRecipient,
  now: Temporal.Instant,
): Promise<void> {
  await connection.query(
    `update campaigns.recipient r set
       state = coalesce(n.state, r.state),
       reason = case when n.state is not null or ($2 = 'delayed' and r.state = 'accepted') then $5 else r.reason end,
       message_id = coalesce(r.message_id, $4),
       found_at = case when r.message_id is null and r.state <> 'sending' then $6 else r.found_at end,
       changed_at = case when n.state is not null then $6 else r.changed_at end
     from (select campaigns.state_after($7, $2, $3) as state) n
     where r.recipient_id = $1`,
    [
      recipient_id,
      kind,
      permanent,
      toPostgresText(message_id),
      reason === null ? null : toPostgresText(reason),
      now.toString(),
      state,
    ],
  );
}
