import type { Clock, WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { type Carrier, sesCarrier, smtpCarrier } from '@purser/mail';

import { sharedRate } from './shared-rate.ts';

export interface CarrierSettings {
  readonly ses:
    | {
        readonly region: string;
        readonly access_key_id: string;
        readonly secret_access_key: string;
        readonly endpoint: string | undefined;
        readonly configuration_set: string | undefined;
      }
    | undefined;
  readonly mailrelay_smtp_url: string | undefined;
  /** Whether messages of plans whose carrier is not set up go into a mailbox of ours; undefined: where none is set up at all. */
  readonly local: boolean | undefined;
}

/** What brings e-mail to mailboxes here, by the settings; where nothing does, a mailbox of ours that nothing leaves. */
export function openCarriers(pool: Pool, clock: Clock, { ses, mailrelay_smtp_url, local }: CarrierSettings): readonly Carrier[] {
  const carriers: Carrier[] = [];
  if (ses !== undefined) {
    const { region, access_key_id, secret_access_key, endpoint, configuration_set } = ses;
    const optional = {
      ...(endpoint !== undefined && { endpoint }),
      ...(configuration_set !== undefined && { configuration_set }),
    };
    carriers.push(sesCarrier({ region, access_key_id, secret_access_key, ...optional, rate: sharedRate(pool) }));
  }
  if (mailrelay_smtp_url !== undefined) carriers.push(smtpCarrier({ provider: 'mailrelay', url: mailrelay_smtp_url }));
  if (local ?? carriers.length === 0) carriers.push(localCarrier(pool, clock));
  return carriers;
}

function localCarrier(pool: Pool, clock: Clock): Carrier {
  return {
    provider: 'offline',
    pace: async (wanted) => wanted,
    async deliver({ id, workspace, from, to, subject, html, text, unsubscribe_url }) {
      try {
        await workspaceTransaction(pool, workspace as WorkspaceId, (connection) =>
          connection.query(
            `insert into campaigns.local_message
               (workspace_id, message_id, sender, recipient, subject, html, plain_text, unsubscribe_url, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
            [workspace, id, from, to, subject, html ?? null, text, unsubscribe_url ?? null, clock.now().toString()],
          ),
        );
        return { kind: 'accepted', message_id: id };
      } catch {
        return { kind: 'unconfirmed', reason: 'the mailbox could not be written to' };
      }
    },
    close() {},
  };
}
