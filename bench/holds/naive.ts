import { systemClock } from '@purser/core';
import { newId, type Pool, transaction } from '@purser/database';
import { meterId } from '@purser/meters';

import { ACTUAL, WORST, type Workspace } from './workload.ts';

/** A row for each meter, as one would lay them out first; filled from what the panels have. */
export async function seedNaive(pool: Pool): Promise<void> {
  await pool.query(`
    create schema naive;
    create table naive.meter (
      id uuid primary key, workspace_id uuid not null, cap bigint not null, held bigint not null default 0, used bigint not null default 0,
      unreconciled bigint not null default 0, overrun bigint not null default 0, admitted_cap bigint not null default 0,
      check (least(cap, held, used, unreconciled, overrun) >= 0 and held + used + unreconciled <= admitted_cap)
    ) with (fillfactor = 50);
    insert into naive.meter (id, workspace_id, cap) select id, workspace_id, cap from meters.counter`);
}

interface NaiveMeter {
  readonly id: string;
  readonly worst: bigint;
  readonly actual: bigint;
}

/**
 * What one would write first: a transaction per call, several statements, the same rows and the same postings. Rows are locked in
 * one order, because without it the variant deadlocks at once.
 */
export function naivePair(pool: Pool): (workspace: Workspace) => Promise<[number, number]> {
  return async (workspace) => {
    const id = newId<'hold'>();
    const meters = workspace.meters.map((spec, index) => ({
      id: meterId(spec),
      worst: WORST[index] ?? 0n,
      actual: ACTUAL[index] ?? 0n,
    }));
    const start = performance.now();
    await hold(pool, workspace, id, meters);
    const held = performance.now();
    await settle(pool, workspace, id, meters);
    return [held - start, performance.now() - held];
  };
}

const ordered = (meters: readonly NaiveMeter[]): NaiveMeter[] => meters.toSorted((a, b) => (a.id < b.id ? 1 : -1));

function hold(pool: Pool, workspace: Workspace, id: string, meters: readonly NaiveMeter[]): Promise<void> {
  return transaction(pool, async (connection) => {
    for (const meter of ordered(meters)) {
      const { rows } = await connection.query<{ free: bigint }>({
        name: 'naive.lock',
        text: 'select cap - held - used - unreconciled - overrun as free from naive.meter where id = $1 for update',
        values: [meter.id],
      });
      if ((rows[0]?.free ?? 0n) < meter.worst) throw new Error('denied');
      await connection.query({
        name: 'naive.hold',
        text: 'update naive.meter set held = held + $2, admitted_cap = cap where id = $1',
        values: [meter.id, meter.worst],
      });
    }
    await connection.query({
      name: 'naive.insert',
      text: `insert into meters.hold (id, workspace_id, held_at, expires_at, meters, kinds, amounts, actuals, plan, provider, cost, cost_unit, reported, reported_unit)
             values ($1, $2, $3::timestamptz, $3::timestamptz + interval '1 minute', $4, '{r,c,q,q,g,C}', $5, $6, 'PRO', 'acme', 33000000, 'USD', 30000000, 'EUR')`,
      values: [
        id,
        workspace.id,
        systemClock.now().toString(),
        meters.map((meter) => meter.id),
        meters.map((meter) => meter.worst),
        meters.map(() => 0n),
      ],
    });
  });
}

function settle(pool: Pool, workspace: Workspace, id: string, meters: readonly NaiveMeter[]): Promise<void> {
  return transaction(pool, async (connection) => {
    await connection.query({
      name: 'naive.find',
      text: 'select state from meters.hold where id = $1 for update',
      values: [id],
    });
    for (const meter of ordered(meters)) {
      await connection.query({
        name: 'naive.settle',
        text: 'update naive.meter set held = held - $2, used = used + $3 where id = $1',
        values: [meter.id, meter.worst, meter.actual],
      });
    }
    await connection.query({
      name: 'naive.end',
      text: `update meters.hold set state = 'settled', ended_at = $2, actuals = $3 where id = $1`,
      values: [id, systemClock.now().toString(), meters.map((meter) => meter.actual)],
    });
    for (const [debit, credit, amount, unit] of [
      ['wallet', 'spent', 2n, 'credit'],
      ['cost', 'payable:acme', 13_200_000n, 'USD'],
    ] as const) {
      await connection.query({
        name: 'naive.post',
        text: 'select ledger.post($1, $2, $3, $4, $5, $6, $7)',
        values: [systemClock.now().toString(), workspace.id, id, debit, credit, amount, unit],
      });
    }
  });
}
