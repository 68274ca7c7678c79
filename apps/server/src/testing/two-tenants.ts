import type { WorkspaceId } from '@purser/core';
import { type MailServer, startMailServer } from '@purser/identity/testing';

import { type Answered, startTestServer, type TestServer } from './test-server.ts';

/** Two tenants that both left rows in as many tables as they can. */
export interface TwoTenants {
  readonly server: TestServer;
  readonly mine: Tenant;
  readonly theirs: Tenant;
  close(): Promise<void>;
}

export interface Tenant {
  readonly id: WorkspaceId;
  readonly external_id: string;
  readonly key: string;
  readonly owner: string;
  /** A word that stands in whatever it wrote, and in no id of its own: an answer that has it tells of them. */
  readonly mark: string;
}

export async function startTwoTenants(environment: Readonly<Record<string, string>> = {}): Promise<TwoTenants> {
  const mail = await startMailServer();
  const server = await startTestServer({ SMTP_URL: mail.url, PURSER_FREE_STARTS_PER_ADDRESS: '100', ...environment });
  return {
    server,
    mine: await settle(server, mail, 'mine'),
    theirs: await settle(server, mail, 'theirs'),
    async close() {
      await server.close();
      await mail.close();
    },
  };
}

/** A tenant that has used everything the API lets it use. */
async function settle(server: TestServer, mail: MailServer, name: string): Promise<Tenant> {
  const mark = `${name}${crypto.randomUUID().slice(0, 8)}`;
  const external_id = `ext-${crypto.randomUUID()}`;
  const overrides = { rate: { rps: 1_000, rpm: 10_000, burst: 1_000 } };
  const { id, key } = await server.workspace('BUSINESS', { name: `Workspace ${mark}`, external_id, overrides });
  const owner = await join(server, mail, id, `${mark}@harbour.example`);
  const generated = await server.ask('/api/ai/generate', {
    key,
    headers: { 'idempotency-key': mark, 'purser-user': mark },
    body: { operation: 'chat', prompt: `The harbour of ${mark} opened in 1887.` },
  });
  succeeded(generated);
  await server.ask('/api/keys', { key: owner, body: { name: `key of ${mark}` } });
  await server.ask('/api/members/invitations', { key: owner, body: { email: `guest-${mark}@harbour.example` } });
  await server.admin('/api/admin/credits/gift', { body: { workspace_id: id, credits: 7, reason: mark } });
  for (const license of ['grace', 'active']) {
    await server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license } });
  }
  return { id: id as WorkspaceId, external_id, key, owner, mark };
}

/** Somebody who signed in by a letter and took up an invitation as an owner. */
async function join(server: TestServer, mail: MailServer, id: string, email: string): Promise<string> {
  const invited = await server.admin('/api/members/invitations', {
    headers: { 'purser-workspace': id },
    body: { email, role: 'owner' },
  });
  await server.ask('/api/auth/sign-in/magic-link', { body: { email } });
  const token = mail.linkTo(email).searchParams.get('token');
  const opened = await server.ask('/api/auth/magic-link/verify', { body: { token, cookie: false } });
  const accepted = await server.ask(`/api/members/invitations/${invited.json.id}/accept`, {
    method: 'POST',
    key: opened.json.token,
  });
  succeeded(accepted);
  return opened.json.token;
}

/** Every table of the catalog of Postgres that has a workspace_id. */
export async function tenantTables(
  server: TestServer,
  privilege: 'any' | 'select' | 'insert' | 'update' | 'delete' = 'any',
): Promise<string[]> {
  const { rows } = await server.database.pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attname = 'workspace_id' and not a.attisdropped and c.relkind in ('r', 'p')
       and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
       and ($1 = 'any' or case $1 when 'delete' then has_table_privilege('purser_app', c.oid, $1)
         else has_any_column_privilege('purser_app', c.oid, $1) end) order by 1`,
    [privilege],
  );
  return rows.map(({ name }) => name);
}

function succeeded({ status, text }: Answered): void {
  if (status !== 200) throw new Error(`${status} ${text}`);
}
