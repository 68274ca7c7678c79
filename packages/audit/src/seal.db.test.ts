import { setTimeout as wait } from 'node:timers/promises';

import { Fault, OffsetClock } from '@purser/core';
import { createLog } from '@purser/log';
import type { TestDatabase } from '@purser/database/testing';
import { killedAt, post, tamper } from '@purser/ledger/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { adoptRestoredDatabase } from './adopt-restored.ts';
import { appendAudit } from './append-audit.ts';
import { HorizonWatch } from './horizon-watch.ts';
import { seal } from './seal.ts';
import { startSealer } from './start-sealer.ts';
import { call, createAuditLog, auditEvent, NOON, sealAll, sealedAuditLog, horizonPassed } from './testing/audit-log.ts';
import { verifyAudit } from './verify-audit.ts';

let trail: TestDatabase;
beforeEach(async () => {
  trail = await createAuditLog(16);
});
afterEach(() => trail.drop());

async function written(): Promise<bigint> {
  const { rows } = await trail.pool.query<{ n: bigint }>(
    'select (select count(*) from ledger.posting) + (select count(*) from ledger.attempt) + (select count(*) from audit.entry) as n',
  );
  return rows[0]?.n ?? 0n;
}

test('an empty trail has no head and is intact', async () => {
  expect(await sealAll(trail.pool)).toEqual({ blocks: 0, rows: 0, head: null });
  expect(await verifyAudit(trail.pool)).toEqual({ intact: true, entries: 0n, head: null, guards: [] });
});

test('C9: deeds, postings and attempts are sealed in blocks of bounded size, each row once', async () => {
  const sealed = await sealedAuditLog(trail.pool, 7);
  // 14 postings, 7 attempts and 7 deeds, at most three of each to a block.
  expect(sealed).toMatchObject({ blocks: 5, rows: 28, head: { seq: 5n } });
  expect(await verifyAudit(trail.pool)).toEqual({ intact: true, entries: 28n, head: sealed.head, guards: [] });
  expect(await sealAll(trail.pool)).toEqual({ blocks: 0, rows: 0, head: sealed.head });
});

test('one transaction larger than a block is sealed whole, over several', async () => {
  await trail.pool.query(
    `select ledger.post('2026-03-10T12:00:00Z', gen_random_uuid(), null, 'cost', 'payable:x', n, 'USD') from generate_series(1, 100) n`,
  );
  expect(await sealAll(trail.pool, 30)).toMatchObject({ blocks: 4, rows: 100 });
  expect(await verifyAudit(trail.pool)).toMatchObject({ intact: true, entries: 100n });
});

test('a row that commits after rows with higher ids were sealed is not skipped', async () => {
  const slow = await trail.pool.connect();
  await slow.query('begin');
  await appendAudit(slow, auditEvent({ action: 'slow' }));
  for (let n = 0; n < 4; n += 1) await appendAudit(trail.pool, auditEvent({ action: 'quick' }));
  expect(await seal(trail.pool, NOON)).toMatchObject({ rows: 0 });
  await slow.query('commit');
  slow.release();
  expect(await sealAll(trail.pool)).toMatchObject({ rows: 5 });
});

test('a transaction that began to write before the sealing and ends after it is sealed later, and nothing is lost between', async () => {
  await appendAudit(trail.pool, auditEvent({ action: 'before' }));
  await sealAll(trail.pool);
  const slow = await trail.pool.connect();
  await slow.query('begin');
  await slow.query('select pg_current_xact_id()');
  await appendAudit(trail.pool, auditEvent({ action: 'between' }));
  await seal(trail.pool, NOON);
  await appendAudit(slow, auditEvent({ action: 'slow' }));
  await slow.query('commit');
  slow.release();
  await sealAll(trail.pool);
  expect(await verifyAudit(trail.pool)).toMatchObject({ intact: true, entries: 3n });
});

test('writers that commit in any order while several processes seal: every row is sealed exactly once', async () => {
  let writing = true;
  const sealer = async (): Promise<number> => {
    let rows = 0;
    while (writing) rows += (await seal(trail.pool, NOON, 5)).rows;
    return rows;
  };
  const writer = async (index: number): Promise<void> => {
    for (let turn = 0; turn < 25; turn += 1) {
      const connection = await trail.pool.connect();
      await connection.query('begin');
      for (let n = 0; n <= (index + turn) % 3; n += 1) {
        await appendAudit(connection, auditEvent({ detail: { index, turn, n } }));
        await wait((index * 5 + turn * 3 + n) % 6);
        await post(connection, { debit: 'cost', credit: 'payable:x', amount: 1n, unit: 'USD' });
      }
      await connection.query(turn % 4 === 3 ? 'rollback' : 'commit');
      connection.release();
    }
  };
  const sealers = [sealer(), sealer(), sealer()];
  await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index)));
  writing = false;
  const during = (await Promise.all(sealers)).reduce((sum, rows) => sum + rows, 0);
  const after = await sealAll(trail.pool);
  expect(BigInt(during + after.rows)).toBe(await written());
  expect(await verifyAudit(trail.pool)).toMatchObject({ intact: true, entries: await written() });
});

test.each(['audit.block', 'audit.block_part', 'audit.entry'])(
  'sealing that is killed when it comes to %s loses nothing: the next one seals what it would have',
  async (table) => {
    await call(trail.pool);
    await appendAudit(trail.pool, auditEvent());
    await sealAll(trail.pool);
    await call(trail.pool);
    await appendAudit(trail.pool, auditEvent());
    await horizonPassed(trail.pool);
    expect(await killedAt(trail.pool, table, () => seal(trail.pool, NOON))).toBeInstanceOf(Error);
    expect(await sealAll(trail.pool)).toMatchObject({ blocks: 1, rows: 4, head: { seq: 2n } });
    expect(await verifyAudit(trail.pool)).toMatchObject({ intact: true, entries: 8n });
  },
);

test('a dump restored into a cluster with a lower counter is refused until it is adopted, and then nothing is skipped', async () => {
  const setOffset = (offset: bigint): Promise<unknown> =>
    trail.pool.query(
      `create or replace function ledger.transaction_offset() returns bigint language sql stable parallel safe as 'select ${offset}::bigint'`,
    );
  // The cluster it comes from has seen a thousand million transactions more.
  await setOffset(1_000_000_000n);
  await sealedAuditLog(trail.pool, 2);
  await call(trail.pool);
  await setOffset(0n);

  await expect(seal(trail.pool, NOON)).rejects.toThrow(Fault);
  expect(await verifyAudit(trail.pool)).toMatchObject({
    intact: false,
    first_broken: { reason: 'rows carry a transaction that does not exist' },
  });
  expect(await adoptRestoredDatabase(trail.pool)).toBe(true);
  expect(await adoptRestoredDatabase(trail.pool)).toBe(false);
  await call(trail.pool);
  expect(await sealAll(trail.pool)).toMatchObject({ rows: 6 });
  expect(await verifyAudit(trail.pool)).toMatchObject({ intact: true, entries: await written() });
});

test('a timer seals, logs each head, tells of failures, and stops when told', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => lines.push(line) });
  await appendAudit(trail.pool, auditEvent());
  const sealer = startSealer({ pool: trail.pool, clock: new OffsetClock(), every_ms: 5, log });
  while (!lines.some((line) => line.includes('the audit log is sealed'))) await wait(5);
  await trail.pool.query('alter table audit.block rename to elsewhere');
  while (!lines.some((line) => line.includes('the audit log could not be sealed'))) await wait(5);
  await trail.pool.query('alter table audit.elsewhere rename to block');
  await sealer.stop();
  const { head } = await verifyAudit(trail.pool);
  expect(lines[0]).toContain(`"seq":"1","digest":"${head?.digest}"`);
});

test('how long a forgotten transaction holds sealing up is measured', async () => {
  let now_ms = 1_000;
  const watch = new HorizonWatch(() => now_ms);
  const forgotten = await trail.pool.connect();
  try {
    await forgotten.query('begin');
    await appendAudit(forgotten, auditEvent());
    await appendAudit(trail.pool, auditEvent());
    expect(await watch.heldFor(trail.pool)).toBe(0);
    now_ms += 90_000;
    expect(await watch.heldFor(trail.pool)).toBe(90_000);
  } finally {
    await forgotten.query('rollback');
    forgotten.release();
  }
  await sealAll(trail.pool);
  expect(await watch.heldFor(trail.pool)).toBe(0);
});

test('tampering needs the guards off, and the guards are watched', async () => {
  await sealedAuditLog(trail.pool, 1);
  await expect(trail.pool.query('delete from audit.entry')).rejects.toThrow(/append-only/);
  await trail.pool.query('alter table audit.block_part disable trigger append_only');
  expect(await verifyAudit(trail.pool)).toMatchObject({
    intact: false,
    guards: ['audit.block_part: the append-only trigger is missing or disabled'],
  });
  await tamper(trail.pool, 'audit.block_part', 'select 1');
  expect(await verifyAudit(trail.pool)).toMatchObject({ intact: true });
});
