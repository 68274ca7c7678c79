import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { PLATFORM, TestClock, type WorkspaceId } from '@purser/core';
import { newId, openPool } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { ledgerMigrations } from '@purser/ledger';
import {
  type AttemptRecord,
  creditMeter,
  type HoldRequest,
  type Leg,
  Meters,
  metersMigrations,
  type MeterSpec,
} from '@purser/meters';
import { currency, money, NANOS_PER_UNIT } from '@purser/money';

import type { NewAlert } from './alert.ts';
import { notifyMigrations } from './index.ts';
import { raise } from './raise.ts';
import { scan, type ScanParts } from './scan.ts';
import type { Watched } from './watched.ts';

export const MONTH_START = Temporal.Instant.from('2026-11-01T00:00:00Z');
export const MONTH_END = Temporal.Instant.from('2026-12-01T00:00:00Z');
export const USD = currency('USD');

export function dollars(amount: number): bigint {
  return (BigInt(Math.round(amount * 1000)) * NANOS_PER_UNIT) / 1000n;
}

/** Meters, books and alerts on a database of their own, with a clock that stands still. */
export interface AlertBench {
  readonly database: TestDatabase;
  readonly clock: TestClock;
  readonly meters: Meters;
  readonly parts: ScanParts;
  /** What is watched of each workspace; `watching` sets it. */
  readonly watched: Map<WorkspaceId, Watched>;
  workspace(more?: { cap?: bigint; tokens?: bigint; credits_hour_max?: bigint; cost_cap?: bigint }): WorkspaceId;
  /** One settled call, held and paid in full, of a key `key:1`, or of an end user through it. */
  spend(
    workspace: WorkspaceId,
    cost: bigint,
    more?: { tokens?: bigint; credits?: bigint; user?: string; actor?: string },
  ): Promise<void>;
  /** Scans until nothing that was committed is left out. */
  scan(): Promise<number>;
  close(): Promise<void>;
}

export async function openAlertBench(): Promise<AlertBench> {
  const database = await createTestDatabase([ledgerMigrations, metersMigrations, notifyMigrations]);
  const clock = new TestClock(Temporal.Instant.from('2026-11-10T12:00:00Z'));
  const holds = openPool(database.url, { connections_max: 1 });
  const meters = new Meters({ pool: holds, clock }, database.pool);
  const watched = new Map<WorkspaceId, Watched>();
  const parts: ScanParts = {
    pool: database.pool,
    clock,
    meters,
    watch: (workspace) => watched.get(workspace),
    sources: [],
    log: { error: (...words: unknown[]) => console.error(...words) },
  };
  return {
    database,
    clock,
    meters,
    parts,
    watched,
    workspace(more = {}) {
      const id = newId<'workspace'>();
      watched.set(id, watchedOf(id, more));
      return id;
    },
    async spend(workspace, cost, { tokens = 0n, credits = 0n, user, actor = 'key:1' } = {}) {
      const legs = (watched.get(workspace)?.meters ?? [])
        .map((meter): Leg => ({ meter, amount: { cost, budget: cost, tokens, credits }[meter.key] ?? 0n }))
        .filter(({ amount }) => amount > 0n);
      const hold: HoldRequest = {
        id: newId<'hold'>(),
        workspace,
        expires_at: clock.now().add({ seconds: 60 }),
        legs,
        plan: 'PRO',
        provider: 'acme',
        cost: { amount: cost, unit: 'USD' },
        reported: { amount: cost, unit: 'USD' },
      };
      const held = await meters.hold(hold);
      if (held.kind !== 'held') throw new Error(`not held: ${held.kind}`);
      await meters.end({
        kind: 'settle',
        hold: hold.id,
        workspace,
        actuals: legs.map(({ amount }) => amount),
        cost,
        reported: cost,
        provider: 'acme',
        attempts: [attemptOf(actor, user, clock.now())],
      });
    },
    async scan() {
      await passed(database);
      return scan(parts);
    },
    async close() {
      await meters.idle();
      await holds.end();
      await database.drop();
    },
  };
}

function attemptOf(actor: string, user: string | undefined, now: Temporal.Instant): AttemptRecord {
  return {
    actor,
    end_user: user,
    operation: 'chat',
    kind: 'text',
    provider: 'acme',
    model: 'small',
    model_version: null,
    started_at: now,
    duration_ms: 5,
    outcome: 'ok',
    usage: null,
    cost: null,
    request_id: null,
  };
}

/** Until every row of the books is below the horizon: a transaction of any database on the server may hold it for a moment. */
export async function passed({ pool }: TestDatabase): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ passed: boolean }>(
      `select ledger.newest_transaction_number() < ledger.horizon() as passed`,
    );
    if (rows[0]?.passed !== false) return;
    await wait(5);
  }
}

export function monthly(workspace: WorkspaceId, key: string, unit: string, kind: MeterSpec['class'], cap: bigint): MeterSpec {
  return { workspace, key, unit, class: kind, window_start: MONTH_START, window_end: MONTH_END, cap };
}

function watchedOf(
  id: WorkspaceId,
  { cap = dollars(10), tokens = 1_000n, credits_hour_max, cost_cap = cap }: Parameters<AlertBench['workspace']>[0] & object,
): Watched {
  return {
    meters: [creditMeter(id), monthly(id, 'cost', 'USD', 'cost', cap), monthly(id, 'tokens', 'token', 'quota', tokens)],
    timezone: 'Asia/Kathmandu',
    thresholds: [],
    period_start: MONTH_START,
    cost_cap: money(cost_cap, USD),
    ...(credits_hour_max !== undefined && { credits_hour_max }),
  };
}

/** Raises an alert as the scan would, whatever it is about. */
export async function raiseOne(
  bench: AlertBench,
  workspace: WorkspaceId = PLATFORM,
  more: Partial<NewAlert> = {},
): Promise<void> {
  const connection = await bench.database.pool.connect();
  try {
    await raise(connection, bench.clock.now(), [
      {
        workspace,
        kind: 'threshold',
        subject: newId<'subject'>(),
        window_start: MONTH_START,
        severity: 'info',
        title: 'Seventy of a hundred',
        text: 'Seventy of a hundred are used.',
        ...more,
      },
    ]);
  } finally {
    connection.release();
  }
}

export interface Receiver {
  readonly url: string;
  readonly calls: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  close(): Promise<void>;
}

/** A real receiver of webhooks; `answer` does what it likes with each call, by its number from 0. */
export async function openReceiver(
  answer: (response: ServerResponse, call: number, request: IncomingMessage) => void = (response) => response.end(),
): Promise<Receiver> {
  const calls: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      calls.push({ headers: request.headers, body });
      answer(response, calls.length - 1, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
