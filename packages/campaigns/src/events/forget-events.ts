import { MESSAGE_DAYS_MAX } from '@purser/mail';

import type { CampaignsDeps } from '../deps.ts';

const EVENTS_MAX = 10_000;

/** Forgets which messages of carriers were applied once none as old is taken any more. */
export async function forgetEvents({ pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>): Promise<number> {
  const before = clock.now().subtract({ hours: 24 * (MESSAGE_DAYS_MAX + 2) });
  const { rowCount } = await pool.query(
    `delete from campaigns.carrier_event where event_id = any (array(
       select event_id from campaigns.carrier_event where received_at < $1 order by received_at limit $2))`,
    [before.toString(), EVENTS_MAX],
  );
  return rowCount ?? 0;
}
