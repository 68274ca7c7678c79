import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { creditMeter } from './credits.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';
import { verifyMeters } from './verify.ts';

let bench: MeterBench;
let workspace: WorkspaceId;

beforeAll(async () => {
  bench = await openMeterBench();
});
afterAll(() => bench.close());

const fresh = (): WorkspaceId => (workspace = newId<'workspace'>());

describe('admission', () => {
  test('F1: 512 concurrent callers on a budget for 100 calls admit exactly 100', async () => {
    const cost = meter(fresh(), 'cost', 100n * 7n + 6n, 'cost', 'USD');
    const second = bench.another();
    const outcomes = await Promise.all(
      Array.from({ length: 512 }, (_, n) =>
        (n % 2 === 0 ? bench.meters : second).hold(holdOf(bench, workspace, [{ meter: cost, amount: 7n }])),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.kind === 'held')).toHaveLength(100);
    expect(outcomes.find((outcome) => outcome.kind === 'denied')).toMatchObject({ leg: 0, available: 6n });
    expect((await bench.meters.read([cost]))[0]).toMatchObject({ held: 700n, used: 0n });
  });

  test('S4: a global pool shared by 1,000 workspaces holds', async () => {
    const pool = meter(PLATFORM, `budget-${newId()}`, 300n, 'cost', 'USD');
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, () => {
        const id = newId<'workspace'>();
        return bench.meters.hold(
          holdOf(bench, id, [
            { meter: meter(id, 'jobs', 5n), amount: 1n },
            { meter: pool, amount: 1n },
          ]),
        );
      }),
    );
    expect(outcomes.filter((outcome) => outcome.kind === 'held')).toHaveLength(300);
  });

  test('a hold is all or nothing: a leg that does not fit leaves the others untouched', async () => {
    const roomy = meter(fresh(), 'tokens', 1_000n);
    const narrow = meter(workspace, 'jobs', 1n);
    const hold = holdOf(bench, workspace, [
      { meter: roomy, amount: 10n },
      { meter: narrow, amount: 2n },
    ]);
    expect(await bench.meters.hold(hold)).toMatchObject({ kind: 'denied', leg: 1, available: 1n });
    expect(await bench.meters.read([roomy, narrow])).toMatchObject([{ held: 0n }, { held: 0n }]);
  });

  test('a cap lowered under what is used admits nothing more until it fits, and claws nothing back', async () => {
    const before = meter(fresh(), 'tokens', 100n);
    const hold = holdOf(bench, workspace, [{ meter: before, amount: 80n }]);
    await bench.meters.hold(hold);
    await bench.meters.end(settleOf(hold, [80n]));
    const lowered = { ...before, cap: 50n };
    const more = () => bench.meters.hold(holdOf(bench, workspace, [{ meter: lowered, amount: 1n }]));
    expect(await more()).toMatchObject({ kind: 'denied', available: -30n });
    expect((await bench.meters.read([lowered]))[0]).toMatchObject({ used: 80n });
    const raised = { ...before, cap: 81n };
    expect(await bench.meters.hold(holdOf(bench, workspace, [{ meter: raised, amount: 1n }]))).toMatchObject({ kind: 'held' });
  });
});

describe('ends', () => {
  test('C3: a settle moves min(actual, held) and releases the rest; a void releases everything', async () => {
    await bench.grant(fresh(), 100n);
    const legs = [
      { meter: creditMeter(workspace), amount: 10n },
      { meter: meter(workspace, 'cost', 1_000n, 'cost', 'USD'), amount: 500n },
      { meter: meter(workspace, 'concurrency', 4n, 'gauge'), amount: 1n },
    ];
    const settled = holdOf(bench, workspace, legs);
    const voided = holdOf(bench, workspace, legs);
    await Promise.all([bench.meters.hold(settled), bench.meters.hold(voided)]);
    const outcome = await bench.meters.end(settleOf(settled, [3n, 120n, 0n]));
    await bench.meters.end({ kind: 'void', hold: voided.id, workspace });
    expect(outcome).toMatchObject({ before: 'open', credits_available: 87n });
    expect(await bench.meters.read(legs.map((leg) => leg.meter))).toMatchObject([
      { cap: 100n, held: 0n, used: 3n },
      { held: 0n, used: 120n },
      { held: 0n, used: 0n },
    ]);
  });

  test('real cost is never refused: what exceeds the hold is booked as overrun and counts', async () => {
    const cost = meter(fresh(), 'cost', 100n, 'cost', 'USD');
    const hold = holdOf(bench, workspace, [{ meter: cost, amount: 60n }]);
    await bench.meters.hold(hold);
    await bench.meters.end(settleOf(hold, [130n]));
    expect((await bench.meters.read([cost]))[0]).toMatchObject({ used: 60n, overrun: 70n });
    expect(await bench.meters.hold(holdOf(bench, workspace, [{ meter: cost, amount: 1n }]))).toMatchObject({ available: -30n });
    const { rows } = await bench.database.pool.query(
      'select debit, amount from ledger.posting where workspace_id = $1 order by debit',
      [workspace],
    );
    expect(rows).toEqual([
      { debit: 'cost', amount: 60n },
      { debit: 'overrun', amount: 70n },
    ]);
  });

  test('a hold ends once, whoever comes first, and a second end changes nothing', async () => {
    const cost = meter(fresh(), 'cost', 100n, 'cost', 'USD');
    const hold = holdOf(bench, workspace, [{ meter: cost, amount: 60n }]);
    await bench.meters.hold(hold);
    const other = bench.another();
    const ends = await Promise.all([
      bench.meters.end(settleOf(hold, [10n])),
      other.end(settleOf(hold, [10n])),
      other.end({ kind: 'void', hold: hold.id, workspace }),
      bench.meters.end({ kind: 'unresolved', hold: hold.id, workspace }),
    ]);
    expect(ends.filter((end) => end.before === 'open')).toHaveLength(1);
    const [state] = await bench.meters.read([cost]);
    expect(state?.held).toBe(0n);
    expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
  });

  test('unresolved, the customer is not charged and the margin is; a late settle is taken from there', async () => {
    await bench.grant(fresh(), 50n);
    const credits = creditMeter(workspace);
    const cost = meter(workspace, 'cost', 100n, 'cost', 'USD');
    const hold = holdOf(bench, workspace, [
      { meter: credits, amount: 5n },
      { meter: cost, amount: 60n },
    ]);
    await bench.meters.hold(hold);
    bench.clock.advance({ minutes: 2 });
    expect((await bench.meters.sweep()).holds).toBeGreaterThanOrEqual(1);
    expect(await bench.meters.read([credits, cost])).toMatchObject([
      { held: 0n, used: 0n },
      { held: 0n, used: 0n, unreconciled: 60n },
    ]);
    expect(await bench.meters.hold(holdOf(bench, workspace, [{ meter: cost, amount: 41n }]))).toMatchObject({ kind: 'denied' });
    expect(await bench.meters.end(settleOf(hold, [5n, 40n]))).toMatchObject({ before: 'expired' });
    expect(await bench.meters.read([credits, cost])).toMatchObject([
      { held: 0n, used: 0n },
      { used: 40n, unreconciled: 0n },
    ]);
    expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
  });
});

describe('credits', () => {
  test('grants burn soonest expiry first, then promotional, then bought; a release returns to the same grants', async () => {
    fresh();
    const soon = bench.clock.now().add({ hours: 24 });
    const bought = await bench.grant(workspace, 10n, { source: 'purchased' });
    const gift = await bench.grant(workspace, 10n, { source: 'gift' });
    const monthly = await bench.grant(workspace, 10n, { expires_at: soon });
    const hold = holdOf(bench, workspace, [{ meter: creditMeter(workspace), amount: 25n }]);
    await bench.meters.hold(hold);
    const state = async () => {
      const { rows } = await bench.database.pool.query<{ id: string; held: bigint; used: bigint }>(
        'select id, held, used from meters.grant where workspace_id = $1',
        [workspace],
      );
      return Object.fromEntries(rows.map((row) => [row.id, [row.held, row.used]]));
    };
    expect(await state()).toEqual({ [monthly]: [10n, 0n], [gift]: [10n, 0n], [bought]: [5n, 0n] });
    await bench.meters.end(settleOf(hold, [12n]));
    expect(await state()).toEqual({ [monthly]: [0n, 10n], [gift]: [0n, 2n], [bought]: [0n, 0n] });
  });

  test('expiry never takes a held credit or another grant’s; what returns to a lapsed grant lapses with it', async () => {
    fresh();
    await bench.grant(workspace, 10n, { expires_at: bench.clock.now().add({ seconds: 30 }) });
    await bench.grant(workspace, 7n, { source: 'purchased' });
    const credits = creditMeter(workspace);
    const hold = holdOf(bench, workspace, [{ meter: credits, amount: 6n }]);
    await bench.meters.hold(hold);
    bench.clock.advance({ seconds: 40 });
    await bench.meters.sweep();
    expect((await bench.meters.read([credits]))[0]).toMatchObject({ cap: 13n, held: 6n });
    await bench.meters.end(settleOf(hold, [2n]));
    expect((await bench.meters.read([credits]))[0]).toMatchObject({ cap: 9n, held: 0n, used: 2n });
    expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
  });

  test('C8: what is spent of a pack is booked to that pack, the rest beside it, in burn order', async () => {
    fresh();
    const soon = bench.clock.now().add({ hours: 24 });
    await bench.grant(workspace, 4n, { expires_at: soon });
    await bench.grant(workspace, 5n, { source: 'purchased', pack: 'S500' });
    await bench.grant(workspace, 9n, { source: 'purchased', pack: 'M2000' });
    const whole = holdOf(bench, workspace, [{ meter: creditMeter(workspace), amount: 12n }]);
    await bench.meters.hold(whole);
    await bench.meters.end(settleOf(whole, [11n]));
    const last = holdOf(bench, workspace, [{ meter: creditMeter(workspace), amount: 3n }]);
    await bench.meters.hold(last);
    await bench.meters.end({ kind: 'void', hold: last.id, workspace });
    const { rows } = await bench.database.pool.query<{ credit: string; amount: bigint }>(
      `select credit, amount from ledger.posting where workspace_id = $1 and debit = 'wallet' order by credit`,
      [workspace],
    );
    expect(rows).toEqual([
      { credit: 'spent', amount: 4n },
      { credit: 'spent:pack:M2000', amount: 2n },
      { credit: 'spent:pack:S500', amount: 5n },
    ]);
    expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
  });

  test('the same grant twice counts once', async () => {
    const id = newId<'grant'>();
    await bench.grant(fresh(), 5n, { id });
    await bench.grant(workspace, 5n, { id });
    expect((await bench.meters.read([creditMeter(workspace)]))[0]?.cap).toBe(5n);
  });
});

describe('idempotency', () => {
  const keyed = (hash: string, key = 'k') => ({ idempotency: { key, request_hash: hash } });

  test('a key never spends twice: the same request finds the first, another is a mismatch, also within one batch', async () => {
    const jobs = meter(fresh(), 'jobs', 100n);
    const requests = ['a', 'a', 'b'].map((hash) => holdOf(bench, workspace, [{ meter: jobs, amount: 1n }], keyed(hash)));
    const [first, again, other] = await Promise.all(requests.map((request) => bench.meters.hold(request)));
    expect(first).toEqual({ kind: 'held' });
    expect(again).toEqual({ kind: 'replay', hold: requests[0]?.id });
    expect(other).toEqual({ kind: 'mismatch' });
    expect((await bench.meters.read([jobs]))[0]?.held).toBe(1n);
  });

  test('a denied or voided request gives its key back; a settled one keeps its answer', async () => {
    const jobs = meter(fresh(), 'jobs', 0n);
    const denied = holdOf(bench, workspace, [{ meter: jobs, amount: 1n }], keyed('a'));
    expect(await bench.meters.hold(denied)).toMatchObject({ kind: 'denied' });
    const roomy = { ...jobs, cap: 5n };
    const voided = holdOf(bench, workspace, [{ meter: roomy, amount: 1n }], keyed('a'));
    expect(await bench.meters.hold(voided)).toEqual({ kind: 'held' });
    await bench.meters.end({ kind: 'void', hold: voided.id, workspace });
    const settled = holdOf(bench, workspace, [{ meter: roomy, amount: 1n }], keyed('a'));
    expect(await bench.meters.hold(settled)).toEqual({ kind: 'held' });
    await bench.meters.end(settleOf(settled, [1n], { answer: '{"output":"hi"}' }));
    const retried = holdOf(bench, workspace, [{ meter: roomy, amount: 1n }], keyed('a'));
    expect(await bench.meters.hold(retried)).toEqual({ kind: 'replay', hold: settled.id });
    expect(await bench.meters.find(settled.id)).toMatchObject({ state: 'settled', answer: '{"output":"hi"}' });
  });
});

test('the counters are what the holds, grants and postings say', async () => {
  const verification = await verifyMeters(bench.database.pool);
  expect(verification.mismatches).toEqual([]);
  expect(verification.overruns).toBe(1n);
});
