import { setTimeout as wait } from 'node:timers/promises';

import { verifyAudit, seal } from '@purser/audit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like } from './testing/json.ts';
import { tablesWith } from './testing/planted.ts';
import type { Answered } from './testing/test-server.ts';
import { startTwoTenants, type Tenant, type TwoTenants } from './testing/two-tenants.ts';
import { verifyBooks } from '@purser/console';

let two: TwoTenants;
beforeAll(async () => {
  two = await startTwoTenants();
});
afterAll(() => two.close());

/** Waits until every row that there is now is sealed. */
async function sealed(): Promise<void> {
  const { pool } = two.server.database;
  for (;;) {
    await seal(pool, Temporal.Instant.from('2026-03-10T12:00:00Z'), 3);
    const { rows } = await pool.query<{ open: boolean }>(
      `select exists (select from audit.entry e where not exists (select from audit.block_part p
         where p.source = 'entry' and (p.through_xid, p.through_id) >= (e.xid, e.id))) as open`,
    );
    if (rows[0]?.open === false) return;
    await wait(20);
  }
}

async function soundBooks(): Promise<void> {
  const { pool } = two.server.database;
  expect((await verifyBooks(pool)).mismatches).toEqual([]);
  const audit = await verifyAudit(pool);
  expect(audit.first_broken).toBeUndefined();
  expect(audit).toMatchObject({ intact: true, guards: [] });
}

async function finished(id: string): Promise<void> {
  for (;;) {
    const { json } = await two.server.admin(`/api/admin/erasures/${id}`);
    if (json.state === 'done') return;
    const failed = two.server.log_lines.filter((line) => line.includes('erasure'));
    if (failed.length > 0) throw new Error(failed.join('\n'));
    await wait(100);
  }
}

async function allFinished({ json }: Answered): Promise<void> {
  for (const id of [json.id, ...json.also.map(String)]) await finished(id);
}

describe('a workspace that is erased', () => {
  let tenant: Tenant;
  const plant = async (): Promise<void> => {
    const { server } = two;
    tenant = two.mine;
    await server.ask('/api/alerts/settings', {
      method: 'PUT',
      key: tenant.owner,
      body: { thresholds: {}, channels: [{ kind: 'email', address: `alerts-${tenant.mark}@harbour.example` }] },
    });
    await server.ask(`/api/members/${tenant.mark}/allocation`, { method: 'PUT', key: tenant.owner, body: { credits: 50 } });
    await server.admin(`/api/admin/workspaces/${tenant.id}`, { method: 'PATCH', body: { name: `Renamed ${tenant.mark}` } });
    await sealed();
  };

  it('leaves none of its names, addresses and texts in any table or log line, sound books, a whole audit log and the others as they were', async () => {
    await plant();
    const { server, theirs } = two;
    const { pool } = server.database;
    expect((await tablesWith(pool, [tenant.mark])).length).toBeGreaterThan(4);
    const others = await tablesWith(pool, [theirs.mark, theirs.external_id]);
    const refused = await server.ask('/api/workspace', {
      method: 'DELETE',
      key: tenant.owner,
      body: { confirm: 'another name' },
    });
    expect(refused.status).toBe(400);

    const erased = await server.ask('/api/workspace', {
      method: 'DELETE',
      key: tenant.owner,
      body: { confirm: `Renamed ${tenant.mark}` },
    });
    expect(erased.status, erased.text).toBe(202);
    await allFinished(erased);

    // Its owner has a workspace of its own besides, and stays a person until it deletes its account.
    const left = await tablesWith(pool, [tenant.mark, tenant.external_id]);
    expect(left.filter((row) => !row.startsWith('identity.person:'))).toEqual([]);
    expect(server.log_lines.filter((line) => line.includes(tenant.mark) || line.includes(tenant.external_id))).toEqual([]);
    await soundBooks();
    expect(await tablesWith(pool, [theirs.mark, theirs.external_id])).toEqual(others);
    expect((await server.ask('/api/usage', { key: tenant.key })).status).toBe(401);
    expect((await server.ask('/api/usage', { key: tenant.owner, headers: { 'purser-workspace': tenant.id } })).status).toBe(403);
    expect((await server.admin(`/api/admin/workspaces/${tenant.id}`)).status).toBe(404);
    expect((await server.ask('/api/usage', { key: theirs.key })).status).toBe(200);
  });

  it('is in the audit log by its pseudonym alone, and asked for again it is the same erasure', async () => {
    const { json } = await two.server.admin(`/api/admin/audit?workspace_id=${tenant.id}`);
    expect([...json.entries][0]).toMatchObject({
      action: 'workspace.erased',
      subject: `workspace:${tenant.id}`,
      detail: { pseudonym: like(/^erased-[0-9a-f]{12}$/) },
    });
    await sealed();
    await soundBooks();
  });
});

describe('a person who is erased', () => {
  it('hands over or deletes what nobody else owns first, then is gone from every table, and may sign up again', async () => {
    const { server, mine } = two;
    const { pool } = server.database;
    const email = `${mine.mark}@harbour.example`;
    expect((await server.ask('/api/persons/me', { method: 'DELETE', key: mine.owner, body: {} })).status).toBe(400);
    const alone = await server.ask('/api/persons/me', { method: 'DELETE', key: mine.owner, body: { confirm: email } });
    expect(alone.status).toBe(409);
    expect(alone.json.detail).toContain('you are the only owner of');
    const erased = await server.ask('/api/persons/me', {
      method: 'DELETE',
      key: mine.owner,
      body: { confirm: email, delete_workspaces: true },
    });
    expect(erased.status, erased.text).toBe(202);
    await allFinished(erased);
    expect(await tablesWith(pool, [mine.mark])).toEqual([]);
    expect(server.log_lines.filter((line) => line.includes(mine.mark))).toEqual([]);
    expect((await server.ask('/api/usage', { key: mine.owner })).status).toBe(401);
    await soundBooks();
    expect((await server.ask('/api/auth/sign-in/magic-link', { body: { email } })).status).toBe(202);
  });
});

describe('an end user who is erased', () => {
  it('is gone by name from calls, limits, allocations, alerts and kept answers; the calls of others and the books stay', async () => {
    const { server, theirs } = two;
    const { pool } = server.database;
    const user = `user-${crypto.randomUUID()}@end.example`;
    for (const name of [user, 'somebody else']) {
      await server.ask(`/api/members/${encodeURIComponent(name)}/allocation`, {
        method: 'PUT',
        key: theirs.owner,
        body: { credits: 9 },
      });
      const generated = await server.ask('/api/ai/generate', {
        key: theirs.key,
        headers: { 'purser-user': name, 'idempotency-key': `key of ${name}` },
        body: { operation: 'chat', prompt: `A letter of ${user} to the harbour.` },
      });
      expect(generated.status, generated.text).toBe(200);
    }
    await sealed();
    const gone = await server.ask('/api/workspace/users', { method: 'DELETE', key: theirs.owner, body: { user } });
    expect(gone.status, gone.text).toBe(202);
    await finished(gone.json.id);
    const left = await tablesWith(pool, [user]);
    // What somebody else asked for and was answered is that user's own.
    expect(left.filter((row) => !row.includes('key of somebody else'))).toEqual([]);
    expect((await tablesWith(pool, ['somebody else'])).length).toBeGreaterThan(1);
    await sealed();
    await soundBooks();
  });

  it('is erased alone: whoever has a name that holds or ends in it, and words that do, stay', async () => {
    const { server, theirs } = two;
    const { pool } = server.database;
    const others = ['x:a', 'A', 'a b', 'ba'];
    for (const name of ['a', ...others]) {
      const asked = { method: 'PUT', key: theirs.owner, body: { credits: 5 } };
      const allocated = await server.ask(`/api/members/${encodeURIComponent(name)}/allocation`, asked);
      expect(allocated.status, allocated.text).toBe(200);
      const generated = await server.ask('/api/ai/generate', {
        key: theirs.key,
        headers: { 'purser-user': name, 'idempotency-key': `once for ${name}` },
        body: { operation: 'chat', prompt: 'Hello.' },
      });
      expect(generated.status, generated.text).toBe(200);
    }
    for (const reason of ['a gift at the harbour', 'a']) {
      const body = { workspace_id: theirs.id, credits: 3, reason };
      expect((await server.admin('/api/admin/credits/gift', { body })).status).toBe(201);
    }
    const kept = async (): Promise<unknown> => {
      const { rows } = await pool.query(
        `select (select array_agg(key order by key collate "C") from meters.meter where workspace_id = $1 and key like 'credits:member:%') as meters,
           (select array_agg(key order by key collate "C") from meters.idempotency where workspace_id = $1 and key like 'once for %') as answers,
           (select array_agg(name order by name collate "C") from wallet.allocation where workspace_id = $1 and name = any ($2)) as allocations,
           (select array_agg(reason order by reason) from ledger.posting where workspace_id = $1 and (reason = 'a' or reason like 'a gift%')) as reasons,
           (select array_agg(reason order by reason) from meters.grant where workspace_id = $1 and (reason = 'a' or reason like 'a gift%')) as gifts,
           (select array_agg(distinct end_user order by end_user)
            from ledger.attempt where workspace_id = $1 and end_user = any ($2)) as callers,
           (select count(*) from audit.entry where workspace_id = $1 and subject = any (select 'member:' || n from unnest($2::text[]) n)) as entries`,
        [theirs.id, ['a', ...others]],
      );
      return rows[0];
    };
    const named = (prefix: string, names: readonly string[]): string[] => names.map((name) => prefix + name).toSorted();
    expect(await kept()).toMatchObject({ reasons: ['a', 'a gift at the harbour'], entries: 5n });
    await sealed();
    const gone = await server.ask('/api/workspace/users', { method: 'DELETE', key: theirs.owner, body: { user: 'a' } });
    await finished(gone.json.id);
    const left = (await kept()) as { meters: string[]; callers: string[] };
    expect(left).toMatchObject({
      answers: named('once for ', others),
      allocations: others.toSorted(),
      reasons: ['a gift at the harbour'],
      gifts: ['a gift at the harbour'],
      entries: 4n,
    });
    expect(left.meters).toEqual(expect.arrayContaining(named('credits:member:', others)));
    expect(left.meters).not.toContain('credits:member:a');
    expect(left.callers.toSorted()).toEqual(others.toSorted());
    await sealed();
    await soundBooks();
  });

  it('is erased by whoever administers the workspace, and in no other', async () => {
    const { server, theirs } = two;
    const asked = await server.ask('/api/workspace/users', {
      method: 'DELETE',
      key: theirs.key,
      body: { user: 'somebody else' },
    });
    expect(asked.status).toBe(403);
  });
});
