import { type Clock, PLATFORM } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import { type Log, redactSecrets } from '@purser/log';
import type { Mail } from '@purser/mail';
import { withoutAmounts } from '@purser/money';

import { type Alert, ALERT_COLUMNS } from './alert.ts';
import { type ChannelId, type ChannelKind, emailOf, type Message, slackBody, webhookBody } from './message.ts';
import { postWebhook, WebhookRefused } from './post-webhook.ts';
import { signature } from './signature.ts';

export interface DeliveryParts {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Absent: there is no mail server, and mail cannot be sent. */
  readonly mail?: Mail;
  readonly timeout_ms: number;
  readonly private_allowed: boolean;
  /** Whether workspaces are told amounts of what their work costs; the operator always is. */
  readonly tells_cost: boolean;
  readonly log: Pick<Log, 'warn' | 'error'>;
  /** Aborted: webhooks under way are given up, and go out again later. */
  readonly stopping?: AbortSignal;
  /** Seconds to wait after each failed attempt; when they are used up the message is dead. */
  readonly retry_after_s?: readonly number[];
}

/** Nine attempts over a good six hours. */
const RETRY_AFTER_S = [5, 30, 120, 600, 1_800, 3_600, 7_200, 10_800];
/** How long a message is kept from others; whoever was killed meanwhile has left it to them. */
const LEASE_S = 60;
/** Of the longest due messages so many are looked at for those to claim. */
const DUE_READ_MAX = 500;

export interface Claimed extends Omit<Message, 'alerts'> {
  readonly channel: ChannelId;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly secret: string | null;
  readonly attempts: number;
}

/**
 * Claims at most `free` due messages, one a channel, so that one that hangs delays no other; each is sent by whom it was claimed
 * and ended after that. Between the two a kill leaves it to be sent again, under the same id.
 */
export async function claimDue({ pool, clock }: Pick<DeliveryParts, 'pool' | 'clock'>, free: number): Promise<Claimed[]> {
  const now = clock.now();
  return transaction(pool, async (connection) => {
    const { rows: chosen } = await connection.query<{ channel: ChannelId }>(
      `select c.channel_id as channel from notify.channel c
       where c.channel_id in (
           select d.channel_id from (
             select m.channel_id from notify.message m
             where m.state = 'due' and m.due_at <= $1 and (m.leased_until is null or m.leased_until <= $1)
             order by m.due_at limit ${DUE_READ_MAX}) d)
         and not exists (select 1 from notify.message m where m.channel_id = c.channel_id and m.state = 'due' and m.leased_until > $1)
       limit $2 for update skip locked`,
      [now.toString(), free],
    );
    if (chosen.length === 0) return [];
    // A statement of its own: it sees what the last holder of each channel has done.
    const { rows } = await connection.query<Claimed>(
      `update notify.message m set attempts = m.attempts + 1, leased_until = $2
       from unnest($1::uuid[]) w (channel_id)
       cross join lateral (select x.message_id from notify.message x
         where x.channel_id = w.channel_id and x.state = 'due' and x.due_at <= $3 and (x.leased_until is null or x.leased_until <= $3)
           and not exists (select 1 from notify.message y where y.channel_id = w.channel_id and y.state = 'due' and y.leased_until > $3)
         order by x.message_id limit 1) next
       join notify.channel c on true
       where m.message_id = next.message_id and c.channel_id = w.channel_id
       returning m.message_id as id, m.workspace_id as workspace, m.created_at, m.attempts, c.channel_id as channel, c.kind, c.address, c.secret`,
      [chosen.map(({ channel }) => channel), now.add({ seconds: LEASE_S }).toString(), now.toString()],
    );
    return rows;
  });
}

/** Sends one claimed message and writes down how it went. */
export async function deliver(parts: DeliveryParts, claimed: Claimed): Promise<void> {
  try {
    const { rows: alerts } = await parts.pool.query<Alert>(
      `select ${ALERT_COLUMNS} from notify.alert where alert_id in (select alert_id from notify.delivery where message_id = $1) order by alert_id`,
      [claimed.id],
    );
    const told = parts.tells_cost || claimed.workspace === PLATFORM ? alerts : alerts.map(inCredits);
    await send(parts, claimed, { ...claimed, alerts: told });
  } catch (error) {
    await failed(parts, claimed, error);
    return;
  }
  await parts.pool.query(
    `update notify.message set state = 'delivered', ended_at = $2, leased_until = null, error = null where message_id = $1 and state = 'due'`,
    [claimed.id, parts.clock.now().toString()],
  );
}

function inCredits(alert: Alert): Alert {
  return { ...alert, title: withoutAmounts(alert.title), text: withoutAmounts(alert.text) };
}

async function send(parts: DeliveryParts, { kind, address, secret }: Claimed, message: Message): Promise<void> {
  const { timeout_ms, private_allowed, stopping } = parts;
  switch (kind) {
    case 'email':
      if (parts.mail === undefined) throw new Error('SMTP_URL is not set');
      await parts.mail.send(emailOf(address, message));
      return;
    case 'slack':
      await postWebhook({ address, body: slackBody(message), headers: {}, timeout_ms, private_allowed, stopping });
      return;
    case 'webhook': {
      const body = webhookBody(message);
      const headers = {
        'purser-message-id': message.id,
        'purser-signature': signature(secret ?? '', body, parts.clock.now()),
      };
      await postWebhook({ address, body, headers, timeout_ms, private_allowed, stopping });
      return;
    }
  }
}

const ERROR_MAX = 300;

async function failed(parts: DeliveryParts, { id, attempts, kind, workspace }: Claimed, error: unknown): Promise<void> {
  const { pool, clock, log, retry_after_s = RETRY_AFTER_S } = parts;
  const reason = redactSecrets(error instanceof Error ? error.message : String(error)).slice(0, ERROR_MAX);
  const wait_s = error instanceof WebhookRefused && error.gone ? undefined : retry_after_s[attempts - 1];
  const now = clock.now();
  const dead = wait_s === undefined;
  await pool.query(
    `update notify.message set state = $2, due_at = $3, ended_at = $4, leased_until = null, error = $5 where message_id = $1 and state = 'due'`,
    [id, dead ? 'dead' : 'due', now.add({ seconds: wait_s ?? 0 }).toString(), dead ? now.toString() : null, reason],
  );
  if (dead)
    log.warn({ message: id, kind, workspace, reason }, 'an alert could not be delivered, and is not tried again automatically');
}
