import { assert, isRefusal } from '@purser/core';
import { newId, transaction, workspaceTransaction } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { appendAudit } from './append-audit.ts';
import { listAudit } from './list-audit.ts';
import { createAuditLog, auditEvent, sealedAuditLog } from './testing/audit-log.ts';

let trail: TestDatabase;
beforeAll(async () => {
  trail = await createAuditLog();
  await sealedAuditLog(trail.pool, 1);
});
afterAll(() => trail.drop());

async function ofWorkspace(workspace: ReturnType<typeof newId<'workspace'>>, limit?: number, cursor?: string | null) {
  const page = await listAudit(trail.pool, { workspace, limit, cursor });
  assert(!isRefusal(page), 'refused');
  return page;
}

test('C9: a deed is written down as it was done, and read back newest first, page by page', async () => {
  const workspace = newId<'workspace'>();
  for (const n of [1, 2, 3]) {
    await appendAudit(
      trail.pool,
      auditEvent({ workspace, action: 'plan.change', subject: `workspace:${workspace}`, detail: { n, to: 'PRO' } }),
    );
  }
  const first = await ofWorkspace(workspace, 2);
  expect(first.rows.map((entry) => entry.detail)).toEqual([
    { n: 3, to: 'PRO' },
    { n: 2, to: 'PRO' },
  ]);
  expect(first.rows[0]).toMatchObject({ actor: 'admin', workspace, action: 'plan.change', subject: `workspace:${workspace}` });
  const second = await ofWorkspace(workspace, 2, first.next);
  expect(second.rows.map((entry) => entry.detail)).toEqual([{ n: 1, to: 'PRO' }]);
  expect(second.next).toBeNull();
});

test('the operator reads the trail of all, and what belongs to no workspace says so', async () => {
  await appendAudit(trail.pool, auditEvent({ workspace: newId<'workspace'>() }));
  await appendAudit(trail.pool, auditEvent({ action: 'clock.move' }));
  const page = await listAudit(trail.pool, { workspace: null, limit: 1 });
  assert(!isRefusal(page), 'refused');
  expect(page.rows[0]).toMatchObject({ action: 'clock.move', workspace: null });
  const refused = await listAudit(trail.pool, { workspace: null, cursor: 'x' });
  expect(isRefusal(refused) && refused.code).toBe('invalid_request');
});

test('a deed that is rolled back was not done and is not written down', async () => {
  const workspace = newId<'workspace'>();
  const failed = transaction(trail.pool, async (connection) => {
    await appendAudit(connection, auditEvent({ workspace }));
    throw new Error('changed my mind');
  });
  await expect(failed).rejects.toThrow('changed my mind');
  expect((await ofWorkspace(workspace)).rows).toEqual([]);
});

test('C10: the tenant role writes and sees deeds of its own workspace alone', async () => {
  const mine = newId<'workspace'>();
  const other = newId<'workspace'>();
  await workspaceTransaction(trail.pool, mine, (connection) => appendAudit(connection, auditEvent({ workspace: mine })));
  expect((await ofWorkspace(mine)).rows).toHaveLength(1);
  expect((await ofWorkspace(other)).rows).toEqual([]);
  const forged = workspaceTransaction(trail.pool, mine, (connection) =>
    appendAudit(connection, auditEvent({ workspace: other })),
  );
  await expect(forged).rejects.toThrow(/row-level security/);
  const backdated = workspaceTransaction(trail.pool, mine, (connection) =>
    connection.query(
      `insert into audit.entry (workspace_id, at, actor, action, subject, detail, xid) values ($1, now(), 'a', 'b', 'c', '{}', 1)`,
      [mine],
    ),
  );
  await expect(backdated).rejects.toThrow(/permission denied/);
});

test.each([
  ['without an actor', { actor: '' }],
  ['with an action too long', { action: 'x'.repeat(101) }],
  ['with a detail beyond its bound', { detail: { text: 'x'.repeat(17_000) } }],
])('a deed %s is refused', async (_, more) => {
  await expect(appendAudit(trail.pool, auditEvent(more))).rejects.toThrow(/violates check constraint/);
});

describe.each(['audit.entry', 'audit.block', 'audit.block_part'])('%s is append-only', (table) => {
  const CHANGES = ['delete from {}', 'truncate {} cascade'];
  test.each([...CHANGES, `update {} set ${table === 'audit.entry' ? 'id' : 'seq'} = default`])(
    'the owner cannot %s',
    async (change) => {
      const done = trail.pool.query(
        change.replace('{}', table).replace('id = default', `actor = 'nobody'`).replace('= default', '= 1'),
      );
      await expect(done).rejects.toThrow(`is append-only`);
    },
  );

  test.each(CHANGES)('not even as a replica can the owner %s', async (change) => {
    const done = transaction(trail.pool, async (connection) => {
      await connection.query(`set local session_replication_role = 'replica'`);
      await connection.query(change.replace('{}', table));
    });
    await expect(done).rejects.toThrow(`${table} is append-only`);
  });

  test.each([...CHANGES, 'update {} set seq = 1'])('the tenant role may not %s', async (change) => {
    const statement = change
      .replace('{}', table)
      .replace(table === 'audit.entry' ? 'seq = 1' : '', table === 'audit.entry' ? `actor = 'x'` : '');
    const done = workspaceTransaction(trail.pool, newId<'workspace'>(), (connection) => connection.query(statement));
    await expect(done).rejects.toThrow(/permission denied/);
  });
});
