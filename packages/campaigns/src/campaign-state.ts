import { type Refusal, refuse } from '@purser/core';

import { campaignRefusals } from './refusals.ts';

/**
 * - `draft`: being written. - `scheduled`: goes out at its time. - `sending`: goes out, or waits for more quota to go on.
 * - `paused`: nobody more is written to until it is resumed. - `sent`, `cancelled`: over.
 */
export const CAMPAIGN_STATUSES = ['draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled'] as const;
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

/** What can be asked of a campaign, in which states. Whatever is not here can be done in none. */
const MOVES = {
  change: { from: ['draft', 'scheduled'], done: 'changed' },
  test: { from: ['draft', 'scheduled'], done: 'tested' },
  schedule: { from: ['draft', 'scheduled'], done: 'scheduled' },
  pause: { from: ['sending'], done: 'paused' },
  resume: { from: ['paused'], done: 'resumed' },
  cancel: { from: ['draft', 'scheduled', 'sending', 'paused'], done: 'cancelled' },
} as const satisfies Record<string, { readonly from: readonly CampaignStatus[]; readonly done: string }>;
export type CampaignMove = keyof typeof MOVES;

/** In the order above. */
export function movesFrom(status: CampaignStatus): CampaignMove[] {
  return (Object.keys(MOVES) as CampaignMove[]).filter((move) => isPossible(status, move));
}

function isPossible(status: CampaignStatus, move: CampaignMove): boolean {
  const from: readonly CampaignStatus[] = MOVES[move].from;
  return from.includes(status);
}

/** Why a campaign in such a state cannot be moved so, with what it can; undefined: it can. */
export function refusedMove(status: CampaignStatus, move: CampaignMove): Refusal | undefined {
  if (isPossible(status, move)) return undefined;
  const possible = movesFrom(status);
  const instead = possible.length === 0 ? 'it is over' : `possible now: ${possible.join(', ')}`;
  return refuse(campaignRefusals.codes.campaign_state, `the campaign is ${status} and cannot be ${MOVES[move].done}; ${instead}`);
}
