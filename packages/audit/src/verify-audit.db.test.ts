import type { TestDatabase } from '@purser/database/testing';
import { tamper } from '@purser/ledger/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { exportAudit } from './export-audit.ts';
import { createAuditLog, NOON, sealedAuditLog, horizonPassed } from './testing/audit-log.ts';
import { seal } from './seal.ts';
import { verifyAudit } from './verify-audit.ts';
import { verifyExport } from './verify-export.ts';

let trail: TestDatabase;
beforeAll(async () => {
  // One connection, so that what a test does to the trail, and what it then sees, is in one transaction that is rolled back.
  trail = await createAuditLog(1);
  // Three rows of a source to a block: postings in blocks 1 to 4, attempts and deeds in 1 and 2.
  await sealedAuditLog(trail.pool, 6);
});
beforeEach(() => trail.pool.query('begin'));
afterEach(() => trail.pool.query('rollback'));
afterAll(() => trail.drop());

const NTH = (table: string, n: number): string => `(select xid, id from ${table} order by xid, id offset ${n - 1} limit 1)`;

/** The outcome for the database, which must be the same for an export of it. */
async function brokenAt(head?: { seq: bigint; digest: string }): Promise<string | null> {
  const verified = await verifyAudit(trail.pool, { head });
  expect(verified.intact).toBe(verified.first_broken === undefined);
  return verified.first_broken ? `${verified.first_broken.seq}: ${verified.first_broken.reason}` : null;
}

describe.each([
  ['ledger.posting', 'posting', 'amount = amount + 1', 5, 2],
  ['ledger.posting', 'posting', `posted_at = posted_at + interval '1 microsecond'`, 12, 4],
  ['ledger.posting', 'posting', `workspace_id = gen_random_uuid()`, 1, 1],
  ['ledger.attempt', 'attempt', `outcome = 'failed'`, 4, 2],
  ['ledger.attempt', 'attempt', `usage = '{"input_tokens": 2, "output_tokens": 4}'`, 1, 1],
  ['audit.entry', 'entry', `actor = 'nobody'`, 6, 2],
  ['audit.entry', 'entry', `detail = detail || '{"more": 1}'`, 2, 1],
])('C9: in %s', (table, source, change, n, block) => {
  test(`a changed row (${change}) is noticed in its block`, async () => {
    await tamper(trail.pool, table, `update ${table} set ${change} where (xid, id) = ${NTH(table, n)}`);
    expect(await brokenAt()).toBe(`${block}: its ${source} rows are not what was sealed`);
    expect(await verifyExport(exportAudit(trail.pool))).toMatchObject({ intact: false, first_broken: { seq: BigInt(block) } });
  });
});

describe.each([
  ['ledger.posting', 'posting'],
  ['ledger.attempt', 'attempt'],
  ['audit.entry', 'entry'],
])('C9: in %s', (table, source) => {
  test('a deleted row is noticed in its block', async () => {
    await tamper(trail.pool, table, `delete from ${table} where (xid, id) = ${NTH(table, 4)}`);
    expect(await brokenAt()).toBe(`2: fewer than its 3 ${source} rows are there`);
  });

  test('an inserted row is noticed in the block it was slipped into', async () => {
    const columns = `(select string_agg(quote_ident(attname), ', ') from pg_attribute
      where attrelid = '${table}'::regclass and attnum > 0 and attname <> 'id')`;
    const { rows } = await trail.pool.query<{ columns: string }>(`select ${columns} as columns`);
    const names = rows[0]?.columns ?? '';
    await tamper(
      trail.pool,
      table,
      `insert into ${table} (id, ${names}) overriding system value select id + 1000000, ${names} from ${table} where (xid, id) = ${NTH(table, 4)}`,
    );
    expect(await brokenAt()).toBe(`2: more than its 3 ${source} rows are there`);
  });

  test('a row slipped in before the first is noticed', async () => {
    await tamper(trail.pool, table, `update ${table} set xid = -9223372036854775808 where (xid, id) = ${NTH(table, 4)}`);
    expect(await brokenAt()).toMatch(/^1: more than its 3/);
  });

  test('two rows that change places are noticed', async () => {
    await tamper(
      trail.pool,
      table,
      `with pair as (select xid, id, row_number() over (order by xid, id) as n from ${table})
       update ${table} t set xid = other.xid from pair one, pair other
       where (one.n, other.n) in ((2, 5), (5, 2)) and (t.xid, t.id) = (one.xid, one.id)`,
    );
    expect(await brokenAt()).toBe(`1: its ${source} rows are not what was sealed`);
  });

  test('a row moved beyond the end, to a transaction that has not been, is noticed', async () => {
    await tamper(trail.pool, table, `update ${table} set xid = 8000000000000000000 where (xid, id) = ${NTH(table, 1)}`);
    expect(await brokenAt()).toMatch(/^1: fewer/);
  });
});

describe('the chain itself', () => {
  test('a block that was changed is noticed', async () => {
    await tamper(trail.pool, 'audit.block', `update audit.block set sealed_at = sealed_at + interval '1 second' where seq = 3`);
    expect(await brokenAt()).toBe('3: it does not match its digest');
    expect(await verifyExport(exportAudit(trail.pool))).toMatchObject({
      intact: false,
      head: { seq: 2n },
      first_broken: { seq: 3n },
    });
  });

  test('a changed row whose block was resealed breaks the block after it', async () => {
    await tamper(
      trail.pool,
      'ledger.posting',
      `update ledger.posting set amount = 9 where (xid, id) = ${NTH('ledger.posting', 4)}`,
    );
    await tamper(
      trail.pool,
      'audit.block_part',
      `update audit.block_part p set digest = (select sha256(convert_to(string_agg(line, E'\\n' order by xid, id), 'UTF8'))
         from ledger.posting_lines(p.after_xid, p.after_id, p.through_xid, p.through_id, 100))
       where seq = 2 and source = 'posting'`,
    );
    expect(await brokenAt()).toBe('2: it does not match its digest');
  });

  test('a deleted block is noticed', async () => {
    await tamper(trail.pool, 'audit.block_part', 'delete from audit.block_part where seq = 3');
    await tamper(trail.pool, 'audit.block', 'delete from audit.block where seq = 3');
    expect(await brokenAt()).toBe('3: the block is missing');
  });

  test('blocks that change places are noticed', async () => {
    await tamper(
      trail.pool,
      'audit.block',
      `update audit.block b set previous = o.previous, digest = o.digest, sealed_at = o.sealed_at
       from audit.block o where (b.seq, o.seq) in ((2, 3), (3, 2))`,
    );
    expect(await brokenAt()).toBe('2: it does not continue the block before it');
  });

  test('a part that lost its block is noticed', async () => {
    await trail.pool.query('alter table audit.block_part drop constraint block_part_seq_fkey');
    await tamper(trail.pool, 'audit.block', 'delete from audit.block where seq = 4');
    expect(await brokenAt()).toBe('4: the block is missing');
  });
});

test('a chain cut short looks whole by itself, and not against a head kept elsewhere', async () => {
  const { head } = await verifyAudit(trail.pool);
  await tamper(trail.pool, 'audit.block_part', 'delete from audit.block_part where seq = 4');
  await tamper(trail.pool, 'audit.block', 'delete from audit.block where seq = 4');
  expect(await brokenAt()).toBeNull();
  expect(await brokenAt(head ?? undefined)).toBe('4: the chain ends before the given head');
});

test('a chain cut short and sealed again is not the one of a head kept elsewhere', async () => {
  const { head } = await verifyAudit(trail.pool);
  await trail.pool.query('commit');
  await tamper(trail.pool, 'audit.block_part', 'delete from audit.block_part where seq = 4');
  await tamper(trail.pool, 'audit.block', 'delete from audit.block where seq = 4');
  await horizonPassed(trail.pool);
  await seal(trail.pool, NOON.add({ seconds: 1 }), 3);
  expect(await brokenAt()).toBeNull();
  expect(await brokenAt(head ?? undefined)).toBe('4: it is not the given head');
});
