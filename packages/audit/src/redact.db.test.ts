import type { WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { post } from '@purser/ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { appendAudit, exportAudit, redact, verifyAudit, verifyExport } from './index.ts';
import { call, createAuditLog, auditEvent, sealAll } from './testing/audit-log.ts';

const NOW = Temporal.Instant.from('2026-03-11T12:00:00Z');
const PSEUDONYM = 'erased-0123456789ab';

let database: TestDatabase;
let workspace: WorkspaceId;
beforeEach(async () => {
  database = await createAuditLog();
  workspace = newId<'workspace'>();
  for (const email of ['anna@harbour.example', 'bob@harbour.example']) {
    await call(database.pool, undefined, workspace);
    const detail = { email, role: 'member', credits: 7, before: { name: email, plan: 'PRO' } };
    await appendAudit(database.pool, auditEvent({ workspace, action: 'member.invite', subject: `member:${email}`, detail }));
    await post(database.pool, { workspace, debit: 'granted:gift', credit: 'wallet', amount: 1n, unit: 'credit' });
  }
  await sealAll(database.pool, 2);
});
afterEach(() => database.drop());

const erase = (given: readonly string[] | null): Promise<number> =>
  redact(database.pool, NOW, { erasure_id: newId(), workspace, texts: given, pseudonym: PSEUDONYM });

async function texts(): Promise<string> {
  const { rows } = await database.pool.query<{ text: string }>(
    `select string_agg(subject || detail::text, ' ' order by xid, id) as text from audit.entry where workspace_id = $1`,
    [workspace],
  );
  return rows[0]?.text ?? '';
}

/** As a superuser who has taken the guard away. */
async function forge(statement: string, values: readonly unknown[] = []): Promise<void> {
  const table = /(?:update|into) ([a-z.]+)/.exec(statement)?.[1] ?? '';
  await database.pool.query(`alter table ${table} disable trigger append_only`);
  await database.pool.query(statement, [...values]);
  await database.pool.query(`alter table ${table} enable always trigger append_only`);
}

describe('an erasure of texts that are sealed', () => {
  it('leaves a chain that verifies to the head that was kept before it, and facts as they were', async () => {
    const kept = (await verifyAudit(database.pool)).head ?? undefined;
    expect(await erase(null)).toBeGreaterThan(0);
    const text = await texts();
    expect(text).not.toContain('harbour');
    expect(text).toContain('"credits": 7');
    expect(text).toContain('"plan": "PRO"');
    expect(await verifyAudit(database.pool, { head: kept })).toMatchObject({ intact: true, guards: [] });
    await sealAll(database.pool);
    expect(await verifyAudit(database.pool, { head: kept })).toMatchObject({ intact: true });
    expect(await verifyExport(exportAudit(database.pool), { head: kept })).toMatchObject({ intact: true });
  });

  it('takes one person alone when it is given the texts, and changes nothing when it is done again', async () => {
    expect(await erase(['Anna@harbour.example'])).toBe(1);
    expect(await texts()).not.toContain('anna@');
    expect(await texts()).toContain('bob@harbour.example');
    expect(await erase(['Anna@harbour.example'])).toBe(0);
    expect(await erase(['bob@harbour.example'])).toBe(1);
    expect(await verifyAudit(database.pool)).toMatchObject({ intact: true });
  });

  it('is no cover for a changed fact: who did what is proven for ever by a digest that no erasure touches', async () => {
    await erase(null);
    await forge(`update audit.entry set actor = 'somebody else' where workspace_id = $1`, [workspace]);
    await forgeRedaction('entry');
    const { first_broken } = await verifyAudit(database.pool);
    expect(first_broken?.reason).toBe('an erasure changed more than texts of its entry rows');
  });

  it('has its event in the audit log: a redaction without one, or an altered text, breaks the block', async () => {
    await forge(`update audit.entry set detail = '{"email": "forged"}' where workspace_id = $1`, [workspace]);
    expect((await verifyAudit(database.pool)).first_broken?.reason).toContain('not what was sealed');
    await forgeRedaction('entry');
    expect((await verifyAudit(database.pool)).first_broken?.reason).toContain('not in the audit log');
  });

  it('does not make right what was broken before it', async () => {
    await forge(`update audit.entry set actor = 'somebody else' where workspace_id = $1`, [workspace]);
    await erase(null);
    expect((await verifyAudit(database.pool)).intact).toBe(false);
  });
});

/** Makes up redactions that would explain whatever stands there now. */
async function forgeRedaction(source: string): Promise<void> {
  const { rows } = await database.pool.query<{ seq: bigint }>('select seq from audit.block_part where source = $1 order by seq', [
    source,
  ]);
  for (const { seq } of rows) {
    await database.pool.query(
      `insert into audit.redaction (seq, source, ordinal, erasure_id, rows, digest_before, digest_after, redacted_at)
       select p.seq, p.source, coalesce(r.ordinal, 0) + 1, gen_random_uuid(), 1, coalesce(r.digest_after, p.digest),
         (select sha256(convert_to(string_agg(line, E'\\n' order by xid, id), 'UTF8'))
          from audit.entry_lines(p.after_xid, p.after_id, p.through_xid, p.through_id, p.rows)), now()
       from audit.block_part p
       left join lateral (select * from audit.redaction r where r.seq = p.seq and r.source = p.source order by ordinal desc limit 1) r on true
       where p.seq = $1 and p.source = $2`,
      [seq, source],
    );
  }
}

it('while one table is erased, every other is append-only as ever, and nothing is deleted anywhere', async () => {
  const connection = await database.pool.connect();
  try {
    await connection.query(`set purser.erasing = 'audit.entry'`);
    for (const statement of [
      'update ledger.posting set amount = 2',
      'update ledger.attempt set actor = $$x$$',
      'delete from audit.entry',
    ]) {
      await expect(connection.query(statement)).rejects.toThrow('append-only');
    }
  } finally {
    connection.release(true);
  }
});
