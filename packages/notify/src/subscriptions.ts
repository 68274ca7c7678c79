import { type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, newId, type Pool, transactionOf } from '@purser/database';
import { z } from 'zod';

import { type AlertKind, alertKindSchema } from './alert-kinds.ts';
import type { Thresholds } from './judge-meters.ts';
import { CHANNEL_KINDS, type ChannelId, type ChannelKind } from './message.ts';
import { addressProblem } from './safe-address.ts';
import { newSecret } from './signature.ts';

const CHANNELS_MAX = 10;

/** A share of a cap: above 0, at most 1, four decimals. */
const shareSchema = z.string().regex(/^(?:0\.\d{0,3}[1-9]|0\.[1-9]\d{0,3}|1(?:\.0{1,4})?)$/, 'want a share such as "0.85"');

export const subscriptionsSchema = z.strictObject({
  thresholds: z
    .record(z.string().min(1).max(100), z.array(shareSchema).max(10))
    .default({})
    .describe('Shares of a cap by meter key, "*" for all others; absent keys are as in the catalog. An empty list: none.'),
  digest: z
    .strictObject({ messages_max: z.int().min(1).max(100), within_minutes: z.int().min(1).max(1440) })
    .default({ messages_max: 5, within_minutes: 10 })
    .describe('A channel gets no more messages than this; further alerts are sent as one message.'),
  channels: z
    .array(
      z.strictObject({
        kind: z.enum(CHANNEL_KINDS),
        address: z.string().min(3).max(2000).describe('An email address, or the URL of a webhook.'),
        kinds: z.array(alertKindSchema).min(1).nullish().describe('Which alerts; without it all.'),
      }),
    )
    .max(CHANNELS_MAX)
    .default([]),
});

export type WantedSubscriptions = z.output<typeof subscriptionsSchema>;

export interface Channel {
  readonly id: ChannelId;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly kinds: readonly AlertKind[] | null;
  /** What a webhook is signed with: only in the answer that made it. */
  readonly secret?: string;
}

export interface Subscriptions {
  readonly thresholds: Thresholds;
  readonly digest: { readonly messages_max: number; readonly within_minutes: number };
  readonly channels: readonly Channel[];
}

/** What a workspace, or the operator (the platform), wants to be told. */
export function readSubscriptions(pool: Pool, workspace: WorkspaceId): Promise<Subscriptions> {
  return transactionOf(pool, workspace, (connection) => read(connection, workspace));
}

/**
 * Replaces what a workspace, or the operator, wants to be told. Channels that stay keep their id and their secret; what waits for
 * one that goes is dropped. Refuses addresses that cannot be, or must not be, written to.
 */
export async function replaceSubscriptions(
  pool: Pool,
  wanted: WantedSubscriptions,
  about: {
    readonly workspace: WorkspaceId;
    readonly now: Temporal.Instant;
    readonly mail_possible: boolean;
    readonly private_allowed: boolean;
    readonly also: (connection: Connection) => Promise<void>;
  },
): Promise<Subscriptions | Refusal> {
  const { workspace, now } = about;
  for (const channel of wanted.channels) {
    const problem = channelProblem(channel, about);
    if (problem !== undefined) return refuse('invalid_request', `"channels": ${JSON.stringify(channel.address)} ${problem}`);
  }
  const addresses = wanted.channels.map(({ kind, address }) => `${kind} ${address}`);
  if (new Set(addresses).size < addresses.length) return refuse('invalid_request', '"channels": the same address is given twice');

  return transactionOf(pool, workspace, async (connection) => {
    await connection.query(
      `insert into notify.setting (workspace_id, thresholds, messages_max, within_minutes) values ($1, $2, $3, $4)
       on conflict (workspace_id) do update set thresholds = excluded.thresholds, messages_max = excluded.messages_max,
         within_minutes = excluded.within_minutes`,
      [workspace, JSON.stringify(wanted.thresholds), wanted.digest.messages_max, wanted.digest.within_minutes],
    );
    const gone = await connection.query<{ id: ChannelId }>(
      `update notify.channel set removed_at = $2 where workspace_id = $1 and removed_at is null and kind || ' ' || address <> all ($3)
       returning channel_id as id`,
      [workspace, now.toString(), addresses],
    );
    await connection.query(
      `update notify.message set state = 'dropped', ended_at = $2 where channel_id = any ($1::uuid[]) and state = 'due'`,
      [gone.rows.map(({ id }) => id), now.toString()],
    );
    const secrets = new Map<string, string>();
    for (const channel of wanted.channels) await keep(connection, { ...channel, workspace, now }, secrets);
    await about.also(connection);
    const kept = await read(connection, workspace);
    return {
      ...kept,
      channels: kept.channels.map((channel) => {
        const secret = secrets.get(channel.id);
        return secret === undefined ? channel : { ...channel, secret };
      }),
    };
  });
}

async function keep(
  connection: Connection,
  channel: WantedSubscriptions['channels'][number] & { workspace: WorkspaceId; now: Temporal.Instant },
  secrets: Map<string, string>,
): Promise<void> {
  const id = newId<'channel'>();
  const secret = channel.kind === 'webhook' ? newSecret() : null;
  const { rows } = await connection.query<{ id: string }>(
    `insert into notify.channel (workspace_id, channel_id, kind, address, secret, kinds, created_at) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (workspace_id, kind, address) where removed_at is null do update set kinds = excluded.kinds, quiet_until = null returning channel_id as id`,
    [channel.workspace, id, channel.kind, channel.address, secret, channel.kinds ?? null, channel.now.toString()],
  );
  if (secret !== null && rows[0]?.id === id) secrets.set(id, secret);
}

async function read(connection: Connection, workspace: WorkspaceId): Promise<Subscriptions> {
  const settings = await connection.query<{ thresholds: Thresholds; messages_max: number; within_minutes: number }>(
    'select thresholds, messages_max, within_minutes from notify.setting where workspace_id = $1',
    [workspace],
  );
  const channels = await connection.query<Channel>(
    `select channel_id as id, kind, address, kinds from notify.channel where workspace_id = $1 and removed_at is null order by channel_id`,
    [workspace],
  );
  const { thresholds, ...digest } = settings.rows[0] ?? { thresholds: {}, messages_max: 5, within_minutes: 10 };
  return { thresholds, digest, channels: channels.rows };
}

function channelProblem(
  { kind, address }: { readonly kind: ChannelKind; readonly address: string },
  { mail_possible, private_allowed }: { readonly mail_possible: boolean; readonly private_allowed: boolean },
): string | undefined {
  if (kind !== 'email') return addressProblem(address, private_allowed);
  if (!mail_possible) return 'cannot be used: this server sends no e-mail (SMTP_URL is not set)';
  return z.email().safeParse(address).success ? undefined : 'is not an email address';
}
