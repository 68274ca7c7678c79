import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { appendAudit } from './append-audit.ts';
import { findTransaction } from './find-transaction.ts';
import { call, createAuditLog, auditEvent, sealAll, sealedAuditLog } from './testing/audit-log.ts';

let trail: TestDatabase;
const workspace = newId<'workspace'>();
const hold = newId<'hold'>();

beforeAll(async () => {
  trail = await createAuditLog();
  await sealedAuditLog(trail.pool, 2);
  await call(trail.pool, hold, workspace);
  await sealAll(trail.pool);
  await appendAudit(
    trail.pool,
    auditEvent({ workspace, action: 'dispute.open', subject: `hold:${hold}`, detail: { by: 'ana' } }),
  );
  await call(trail.pool);
});
afterAll(() => trail.drop());

test('C3, C9: a transaction id leads to its postings, calls and deeds, each with the block that seals it', async () => {
  const found = await findTransaction(trail.pool, hold);
  expect(found).toMatchObject({
    transaction_id: hold,
    postings: [
      { row: { workspace, hold, debit: 'cost', amount: 5n, reported: 6n }, sealed_in: 3n },
      { row: { workspace, hold, debit: 'wallet', amount: 1n }, sealed_in: 3n },
    ],
    attempts: [{ row: { workspace, hold, provider: 'gemini', cost: 5n }, sealed_in: 3n }],
    entries: [{ row: { workspace, action: 'dispute.open', detail: { by: 'ana' } }, sealed_in: null }],
  });
  await sealAll(trail.pool);
  expect((await findTransaction(trail.pool, hold))?.entries[0]?.sealed_in).toBe(4n);
});

test('C10: a workspace finds its own transactions and no other’s, and an unknown id finds nothing', async () => {
  expect((await findTransaction(trail.pool, hold, { workspace }))?.postings).toHaveLength(2);
  expect(await findTransaction(trail.pool, hold, { workspace: newId<'workspace'>() })).toBeNull();
  expect(await findTransaction(trail.pool, newId<'hold'>())).toBeNull();
});
