import type { CampaignsDeps } from '../deps.ts';
import { checkDomain, DOMAIN_COLUMNS, domainChecks, type SenderDomain } from './sender-domain.ts';

/** At a time. */
const DOMAINS_MAX = 10;
const EVERY = { hours: 24 };

/** Looks at verified domains once more, each once a day: what is gone from DNS is not sent from. */
export async function checkVerified(deps: Pick<CampaignsDeps, 'pool' | 'clock' | 'sender_domains'>): Promise<number> {
  const checks = domainChecks(deps.sender_domains);
  if (checks === undefined) return 0;
  const { rows } = await deps.pool.query<SenderDomain>(
    `select ${DOMAIN_COLUMNS} from campaigns.sender_domain where state = 'verified' and checked_at < $1 order by checked_at limit $2`,
    [deps.clock.now().subtract(EVERY).toString(), DOMAINS_MAX],
  );
  for (const domain of rows) await checkDomain(deps, checks, domain);
  return rows.length;
}
