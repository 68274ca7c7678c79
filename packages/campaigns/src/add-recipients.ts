import { isRefusal, type Refusal, refuse } from '@purser/core';
import { type Connection, newId, toPostgresJson } from '@purser/database';

import { type Campaign, countOf, readCounts } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { lockCampaign } from './lock-campaign.ts';
import type { MergeData } from './merge-fields.ts';
import { addressIn } from './recipients.ts';

/** Of a campaign. */
const RECIPIENTS_MAX = 1_000_000;
/** Of all campaigns of a workspace that nobody has got yet. */
const WAITING_MAX = 5_000_000;
/** Of one statement. What lives for a moment only is collected at once; with larger ones the memory of the process grows by half. */
const BATCH = 250;
const INVALID_SHOWN_MAX = 20;
/** As much of what is no address as is shown. */
const EMAIL_CHARS_MAX = 254;

/** A recipient as somebody names it, with where: `line` of a file, `index` of a list. */
export type Named = { readonly email: string; readonly data: MergeData } & Place;
type Place = { readonly line: number } | { readonly index: number };

export interface AddedRecipients {
  readonly added: number;
  /** Named before, in the same list or an earlier one: what was named first holds. */
  readonly duplicates: number;
  readonly invalid: number;
  /** The first that are no address. */
  readonly invalid_shown: readonly ({ readonly email: string } & Place)[];
  /** Of the campaign now. */
  readonly recipients: number;
}

interface Row {
  readonly id: string;
  readonly position: number;
  readonly email: string;
  readonly data: MergeData;
}

/**
 * Adds recipients to a campaign that nobody has got yet, in the caller's transaction: all of them or none. However many they are, some
 * hundreds are in memory at a time. @throws what `named` throws
 */
export async function addRecipients(
  deps: Pick<CampaignsDeps, 'clock'>,
  connection: Connection,
  id: string,
  named: AsyncIterable<Named> | Iterable<Named>,
): Promise<AddedRecipients | Refusal> {
  const campaign = await lockCampaign(connection, id, 'change');
  if (isRefusal(campaign)) return campaign;
  const before = countOf(await readCounts(connection, campaign));
  const most = Math.min(RECIPIENTS_MAX, before + WAITING_MAX - (await waitingOf(connection, campaign)));
  const invalid_shown: ({ readonly email: string } & Place)[] = [];
  let [added, valid, invalid] = [0, 0, 0];
  let rows: Row[] = [];
  const write = async (): Promise<boolean> => {
    added += await insertRows(deps, connection, campaign, rows);
    rows = [];
    return before + added <= most;
  };
  for await (const { data, ...one } of named) {
    const email = addressIn(one.email);
    if (email === undefined) {
      if (invalid_shown.length < INVALID_SHOWN_MAX) invalid_shown.push({ ...one, email: one.email.slice(0, EMAIL_CHARS_MAX) });
      invalid += 1;
      continue;
    }
    rows.push({ id: newId<'recipient'>(), position: before + valid, email, data });
    valid += 1;
    if (rows.length === BATCH && !(await write())) return tooMany(most);
  }
  if (rows.length > 0 && !(await write())) return tooMany(most);
  return { added, duplicates: valid - added, invalid, invalid_shown, recipients: before + added };
}

function tooMany(most: number): Refusal {
  const which = most === RECIPIENTS_MAX ? 'a campaign' : 'this campaign, for those of all drafts of a workspace are bounded';
  return refuse(
    'limit_reached',
    `these are more recipients than ${which} may have; want ${most} at most, and the rest in another campaign`,
  );
}

async function waitingOf(connection: Connection, { workspace_id }: Campaign): Promise<number> {
  const { rows } = await connection.query<{ waiting: number }>(
    `select coalesce(sum(n.queued), 0)::integer as waiting from campaigns.campaign c join campaigns.recipient_count n using (campaign_id)
     where c.workspace_id = $1 and c.status in ('draft', 'scheduled')`,
    [workspace_id],
  );
  return rows[0]?.waiting ?? 0;
}

/** Returns how many were not there before. */
async function insertRows(
  { clock }: Pick<CampaignsDeps, 'clock'>,
  connection: Connection,
  { workspace_id, campaign_id }: Campaign,
  rows: readonly Row[],
): Promise<number> {
  const { rowCount } = await connection.query(
    `insert into campaigns.recipient (workspace_id, campaign_id, recipient_id, position, email, data, state, due_at, changed_at)
     select $1, $2, r.id, r.position, r.email, r.data, 'queued', $3, $3
     from json_to_recordset($4::json) as r (id uuid, position integer, email text, data jsonb)
     on conflict (campaign_id, email) do nothing`,
    [workspace_id, campaign_id, clock.now().toString(), toPostgresJson(rows)],
  );
  return rowCount ?? 0;
}
