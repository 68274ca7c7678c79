import { type Refusal, refuse, type WorkspaceId } from '@purser/core';

import type { CampaignsDeps } from '../deps.ts';
import { addressOf } from '../sender.ts';
import { domainOf, isVerified } from './sender-domain.ts';

/** Whether a workspace may write as `from`: the sender of this installation, any address of a domain it has verified, or, where nothing leaves, anybody. */
export async function refusedFrom(
  { pool, campaign_sender }: Pick<CampaignsDeps, 'pool' | 'campaign_sender'>,
  workspace: WorkspaceId,
  { from, local }: { readonly from: string | undefined; readonly local: boolean },
): Promise<Refusal | undefined> {
  if (from === undefined || local) return undefined;
  const [address, own] = [addressOf(from), addressOf(campaign_sender)];
  if (address === own) return undefined;
  const domain = domainOf(address.slice(address.lastIndexOf('@') + 1));
  if (domain !== undefined && (await isVerified(pool, workspace, domain))) return undefined;
  return refuse(
    'invalid_request',
    `from: got ${address}; want ${own}, an address of a domain that is verified at /api/sender-domains, or no from`,
  );
}
