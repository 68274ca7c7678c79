import { isUuid, type Refusal, refuse } from '@purser/core';
import type { Connection } from '@purser/database';

import { type Campaign, readCampaign } from './campaign.ts';
import { type CampaignMove, refusedMove } from './campaign-state.ts';

/** Behind an upload of many recipients nobody waits longer; it is answered as overloaded, and can be asked again. */
const LOCK_WAIT = '5s';

export const NO_CAMPAIGN = refuse('not_found', 'this workspace has no such campaign');

/** A campaign of the connection's workspace that can be moved so, locked until the end of the transaction: moves come one after another. */
export async function lockCampaign(connection: Connection, id: string, move: CampaignMove): Promise<Campaign | Refusal> {
  if (!isUuid(id)) return NO_CAMPAIGN;
  await connection.query(`set local lock_timeout = '${LOCK_WAIT}'`);
  const campaign = await readCampaign(connection, id, true);
  return campaign === undefined ? NO_CAMPAIGN : (refusedMove(campaign.status, move) ?? campaign);
}
