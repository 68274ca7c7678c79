import { randomBytes } from 'node:crypto';

import { instantSchema, uuidSchema } from '@purser/api';
import { isRefusal, isUuid, refuse } from '@purser/core';
import { type Connection, newId, workspaceTransaction } from '@purser/database';
import { type App, createOnce, problems, sendRefusal, workspaceOf } from '@purser/http';
import { z } from 'zod';

import { carrierOf } from '../carrier-of.ts';
import type { CampaignsDeps } from '../deps.ts';
import {
  checkDomain,
  DOMAIN_COLUMNS,
  type DomainChecks,
  domainChecks,
  domainOf,
  readDomain,
  recordsWithState,
  type SenderDomain,
} from '../domains/sender-domain.ts';

const DOMAINS_MAX = 20;
/** As the catalog names it. */
const SES = 'ses';
const OFF = refuse(
  'not_configured',
  'sender domains are verified for Amazon SES, which is not set up here; a relay has records of its own, which its operator sets',
);
const UNKNOWN = refuse('not_found', 'this workspace has no such sender domain');

const recordSchema = z.object({
  purpose: z.enum(['ownership', 'dkim', 'spf', 'dmarc']),
  type: z.enum(['TXT', 'CNAME']),
  name: z.string(),
  value: z.string().describe('Of `spf` and `dmarc` one that will do; what is there already may stay if it says as much.'),
  state: z.enum(['found', 'missing', 'unknown']).describe('`unknown`: not asked yet, or DNS did not answer.'),
});
const domainSchema = z.object({
  id: uuidSchema,
  domain: z.string(),
  state: z
    .enum(['pending', 'verified', 'failed'])
    .describe('`verified`: campaigns may be sent from its addresses; `failed`: they could, and a record is gone.'),
  carrier_verified: z.boolean().describe('Whether SES sends for it; that takes SES some minutes to see.'),
  records: z.array(recordSchema).describe('To be set where the domain has its DNS.'),
  created_at: instantSchema,
  checked_at: instantSchema.nullable(),
});
const params = z.object({ id: z.string().max(100) });

/** Domains in whose name a workspace may write, with the records that say so. */
export function registerSenderDomains(app: App, deps: CampaignsDeps): void {
  const checks = domainChecks(deps.sender_domains);
  registerAdd(app, deps, checks);
  registerList(app, deps);
  registerCheck(app, deps, checks);
  registerRemove(app, deps);
}

function registerAdd(app: App, deps: CampaignsDeps, checks: DomainChecks | undefined): void {
  app.route({
    method: 'POST',
    url: '/api/sender-domains',
    config: { access: 'workspace', feature: 'campaigns', manages: true },
    schema: {
      tags: ['Campaigns'],
      summary: 'Adds a domain to send from; answers with the DNS records to set',
      body: z.strictObject({ domain: z.string().min(1).max(300) }),
      response: { 201: domainSchema, ...problems(400, 401, 402, 403, 409, 422, 501, 503) },
    },
    handler: async (request, reply) => {
      const carrier = carrierOf(deps, workspaceOf(request));
      if (isRefusal(carrier)) return sendRefusal(request, reply, carrier);
      if (checks === undefined || carrier.provider !== SES) return sendRefusal(request, reply, OFF);
      const domain = domainOf(request.body.domain);
      if (domain === undefined)
        return sendRefusal(request, reply, refuse('invalid_request', 'domain: want a domain such as shop.example'));
      // Before the transaction: the carrier is elsewhere.
      const { dkim_tokens, verified } = await checks.identities.ensure(domain);
      const { id } = workspaceOf(request);
      return createOnce(deps, request, reply, async (connection) => {
        const { rows } = await connection.query<{ count: number; known: boolean }>(
          `select count(*)::integer as count, coalesce(bool_or(domain = $2), false) as known from campaigns.sender_domain where workspace_id = $1`,
          [id, domain],
        );
        const { count = 0, known = false } = rows[0] ?? {};
        if (known) return refuse('limit_reached', `domain: ${domain} is there already`);
        if (count >= DOMAINS_MAX)
          return refuse('limit_reached', `this workspace has ${DOMAINS_MAX} sender domains, which is the limit`);
        return wireDomain(await insertDomain(deps, connection, { workspace: id, domain, dkim_tokens, carried: verified }));
      });
    },
  });
}

async function insertDomain(
  { clock }: CampaignsDeps,
  connection: Connection,
  added: { workspace: string; domain: string; dkim_tokens: readonly string[]; carried: boolean },
): Promise<SenderDomain> {
  const { rows } = await connection.query<SenderDomain>(
    `insert into campaigns.sender_domain (workspace_id, domain_id, domain, token, dkim_tokens, carried, created_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${DOMAIN_COLUMNS}`,
    [
      added.workspace,
      newId<'sender_domain'>(),
      added.domain,
      randomBytes(16).toString('hex'),
      added.dkim_tokens,
      added.carried,
      clock.now().toString(),
    ],
  );
  return rows[0] as SenderDomain;
}

function registerList(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/sender-domains',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Sender domains, with their records and what DNS said of each last',
      response: { 200: z.object({ domains: z.array(domainSchema) }), ...problems(401, 503) },
    },
    handler: async (request, reply) => {
      const { rows } = await workspaceTransaction(pool, workspaceOf(request).id, (connection) =>
        connection.query<SenderDomain>(`select ${DOMAIN_COLUMNS} from campaigns.sender_domain order by domain limit $1`, [
          DOMAINS_MAX,
        ]),
      );
      return reply.send({ domains: rows.map(wireDomain) });
    },
  });
}

function registerCheck(app: App, deps: CampaignsDeps, checks: DomainChecks | undefined): void {
  app.route({
    method: 'POST',
    url: '/api/sender-domains/:id/check',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Asks DNS and SES now',
      params,
      response: { 200: domainSchema, ...problems(401, 403, 404, 429, 501, 503) },
    },
    handler: async (request, reply) => {
      if (checks === undefined) return sendRefusal(request, reply, OFF);
      const { id } = request.params;
      const known = isUuid(id) ? await readDomain(deps.pool, workspaceOf(request).id, id) : undefined;
      const checked = known && (await checkDomain(deps, checks, known));
      return checked === undefined ? sendRefusal(request, reply, UNKNOWN) : reply.send(wireDomain(checked));
    },
  });
}

function registerRemove(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/sender-domains/:id',
    config: { access: 'workspace', manages: true },
    schema: {
      tags: ['Campaigns'],
      summary: 'Removes a sender domain; SES keeps it, for others may send from it too',
      params,
      response: { 204: z.null(), ...problems(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const removed = isUuid(id)
        ? await workspaceTransaction(pool, workspaceOf(request).id, (connection) =>
            connection.query('delete from campaigns.sender_domain where domain_id = $1', [id]),
          )
        : undefined;
      return removed?.rowCount === 1 ? reply.code(204).send(null) : sendRefusal(request, reply, UNKNOWN);
    },
  });
}

function wireDomain(domain: SenderDomain): z.infer<typeof domainSchema> {
  return {
    id: domain.domain_id,
    domain: domain.domain,
    state: domain.state,
    carrier_verified: domain.carried,
    records: [...recordsWithState(domain)],
    created_at: domain.created_at.toString(),
    checked_at: domain.checked_at?.toString() ?? null,
  };
}
