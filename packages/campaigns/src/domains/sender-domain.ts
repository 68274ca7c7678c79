import { domainToASCII } from 'node:url';

import type { WorkspaceId } from '@purser/core';
import { type Pool, type Queryable, workspaceTransaction } from '@purser/database';
import {
  type CheckedRecord,
  type DomainIdentities,
  recordChecker,
  recordsOf,
  type RecordState,
  sesIdentities,
} from '@purser/mail';

import type { CampaignsDeps } from '../deps.ts';

export interface SenderDomain {
  readonly workspace_id: WorkspaceId;
  readonly domain_id: string;
  readonly domain: string;
  readonly token: string;
  readonly dkim_tokens: readonly string[];
  readonly state: 'pending' | 'verified' | 'failed';
  readonly found: readonly RecordState[];
  readonly carried: boolean;
  readonly created_at: Temporal.Instant;
  readonly checked_at: Temporal.Instant | null;
}

export const DOMAIN_COLUMNS =
  'workspace_id, domain_id, domain, token, dkim_tokens, state, found, carried, created_at, checked_at';

const LABEL = /^(?!-)[a-z\d-]{1,63}(?<!-)$/u;

/** A domain as it is kept: in ASCII and lower case, of two labels or more. Undefined: it is none. */
export function domainOf(given: string): string | undefined {
  const domain = domainToASCII(given.trim().replace(/\.$/u, ''));
  const labels = domain.split('.');
  const last = labels.at(-1) ?? '';
  return domain.length <= 253 && labels.length >= 2 && labels.every((one) => LABEL.test(one)) && !/^\d+$/u.test(last)
    ? domain
    : undefined;
}

/** The records of a domain with what DNS said of each last. */
export function recordsWithState({ domain, token, dkim_tokens, found }: SenderDomain): readonly CheckedRecord[] {
  return recordsOf(domain, token, dkim_tokens).map((record, place) => ({ ...record, state: found[place] ?? 'unknown' }));
}

/** What sender domains are checked with; undefined: no carrier is set up that signs for them. */
export interface DomainChecks {
  readonly identities: DomainIdentities;
  readonly check: ReturnType<typeof recordChecker>;
}

export function domainChecks({ ses, dns_servers }: CampaignsDeps['sender_domains']): DomainChecks | undefined {
  if (ses === undefined) return undefined;
  const { region, access_key_id, secret_access_key, endpoint } = ses;
  const identities = sesIdentities({ region, access_key_id, secret_access_key, ...(endpoint !== undefined && { endpoint }) });
  return { identities, check: recordChecker(dns_servers) };
}

/**
 * Asks DNS and the carrier, and writes down what they say. One that is verified stays so while DNS does not answer; one of which DNS says
 * that a record is gone may not be sent from any more. @throws Fault, retryable, when the carrier is away: then all stays as it was.
 */
export async function checkDomain(
  { pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>,
  { identities, check }: DomainChecks,
  domain: SenderDomain,
): Promise<SenderDomain | undefined> {
  const identity = await identities.ensure(domain.domain);
  const { dkim_tokens } = identity;
  const found = (await check(recordsOf(domain.domain, domain.token, dkim_tokens))).map(({ state }) => state);
  const state = stateAfter(domain.state, found, identity.verified);
  return workspaceTransaction(pool, domain.workspace_id, async (connection) => {
    const { rows } = await connection.query<SenderDomain>(
      `update campaigns.sender_domain set dkim_tokens = $2, found = $3, carried = $4, state = $5, checked_at = $6
       where domain_id = $1 returning ${DOMAIN_COLUMNS}`,
      [domain.domain_id, dkim_tokens, found, identity.verified, state, clock.now().toString()],
    );
    return rows[0];
  });
}

function stateAfter(before: SenderDomain['state'], found: readonly RecordState[], carried: boolean): SenderDomain['state'] {
  if (carried && found.every((one) => one === 'found')) return 'verified';
  if (before === 'pending') return 'pending';
  return carried && !found.includes('missing') ? before : 'failed';
}

/** Whether a workspace may write in the name of a domain. */
export async function isVerified(database: Queryable, workspace: WorkspaceId, domain: string): Promise<boolean> {
  const { rowCount } = await database.query(
    `select from campaigns.sender_domain where workspace_id = $1 and domain = $2 and state = 'verified'`,
    [workspace, domain],
  );
  return rowCount === 1;
}

export function readDomain(pool: Pool, workspace: WorkspaceId, id: string): Promise<SenderDomain | undefined> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<SenderDomain>(
      `select ${DOMAIN_COLUMNS} from campaigns.sender_domain where domain_id = $1`,
      [id],
    );
    return rows[0];
  });
}
