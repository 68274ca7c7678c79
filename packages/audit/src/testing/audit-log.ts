import { setTimeout as wait } from 'node:timers/promises';

import type { WorkspaceId } from '@purser/core';
import { newId, type Pool } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { ledgerMigrations } from '@purser/ledger';
import { post } from '@purser/ledger/testing';

import { appendAudit, auditMigrations, type AuditEvent, seal, type Sealed } from '../index.ts';

const POLL_MS = 5;

export const NOON = Temporal.Instant.from('2026-03-10T12:00:00Z');

export function createAuditLog(connections_max?: number): Promise<TestDatabase> {
  return createTestDatabase([ledgerMigrations, auditMigrations], connections_max);
}

export function auditEvent(more: Partial<AuditEvent> = {}): AuditEvent {
  return { at: NOON, actor: 'admin', workspace: null, action: 'freeze', subject: 'models', detail: { on: true }, ...more };
}

/** One call as a settlement writes it down: an attempt and two postings. */
export async function call(pool: Pool, hold = newId<'hold'>(), workspace: WorkspaceId = newId<'workspace'>()): Promise<void> {
  const attempt = {
    workspace_id: workspace,
    hold_id: hold,
    ordinal: 1,
    actor: 'key:1',
    operation: 'chat',
    kind: 'text',
    provider: 'gemini',
    model: 'flash',
    started_at: NOON.toString(),
    duration_ms: 7,
    outcome: 'ok',
    usage: { input_tokens: 3, output_tokens: 4 },
    cost: 5,
    cost_unit: 'USD',
    request_id: 'r "1"\n\u2028ü',
  };
  await pool.query('select ledger.record_attempts($1)', [JSON.stringify([attempt])]);
  await post(pool, { workspace, hold, debit: 'cost', credit: 'payable:gemini', amount: 5n, unit: 'USD', reported: [6n, 'EUR'] });
  await post(pool, { workspace, hold, debit: 'wallet', credit: 'spent', amount: 1n, unit: 'credit', plan: 'PRO' });
}

/** Seals everything: waits first until no open transaction of any database on the server is in the way. */
export async function sealAll(pool: Pool, rows_per_part?: number): Promise<Sealed> {
  await horizonPassed(pool);
  return seal(pool, NOON, rows_per_part);
}

/** Waits until every row of the trail is below the horizon. */
export async function horizonPassed(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ passed: boolean }>(
      'select coalesce(audit.newest_transaction_number() < ledger.horizon(), true) as passed',
    );
    if (rows[0]?.passed === true) return;
    await wait(POLL_MS);
  }
}

/** Writes `calls` calls and a deed after each, sealed with three rows of a source to a block. */
export async function sealedAuditLog(pool: Pool, calls: number): Promise<Sealed> {
  for (let n = 1; n <= calls; n += 1) {
    await call(pool);
    await appendAudit(pool, auditEvent({ detail: { n } }));
  }
  return sealAll(pool, 3);
}
