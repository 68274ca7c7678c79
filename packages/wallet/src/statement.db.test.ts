import { isRefusal } from '@purser/core';
import { newId, transaction } from '@purser/database';
import { creditMeter, grantCredits, type HoldRequest } from '@purser/meters';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type StatementLine, statementPage, wholeStatement } from './statement.ts';
import { openWalletBench, type WalletBench, type Workspace } from './testing.ts';

let bench: WalletBench;
beforeAll(async () => {
  bench = await openWalletBench();
});
afterAll(() => bench.close());

type Step =
  | { readonly kind: 'grant'; readonly credits: bigint; readonly hours: number | null }
  | { readonly kind: 'hold'; readonly credits: bigint }
  | { readonly kind: 'settle' | 'void'; readonly share: number }
  | { readonly kind: 'wait'; readonly hours: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('grant' as const),
      credits: fc.bigInt(1n, 500n),
      hours: fc.option(fc.integer({ min: 1, max: 40 })),
    }),
    fc.record({ kind: fc.constant('hold' as const), credits: fc.bigInt(1n, 60n) }),
    fc.record({ kind: fc.constantFrom('settle' as const, 'void' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 30 }) }),
  ),
  { minLength: 5, maxLength: 40 },
);

async function grant({ id: workspace }: Workspace, credits: bigint, hours: number | null): Promise<void> {
  const now = bench.clock.now();
  const expires_at = hours === null ? null : now.add({ hours });
  await transaction(bench.database.pool, (connection) =>
    grantCredits(connection, now, { id: newId<'grant'>(), workspace, source: 'gift', credits, expires_at, reason: 'test' }),
  );
}

const NOTHING = { amount: 0n, unit: 'USD' };

/** Plays the steps on a new workspace; after each, what the meter says it has, held credits included. */
async function play(wanted: readonly Step[]): Promise<{ workspace: Workspace; balances: bigint[] }> {
  const workspace = bench.workspace('FREE', bench.clock.now().toString());
  const open: HoldRequest[] = [];
  const balances: bigint[] = [];
  for (const step of wanted) {
    if (step.kind === 'grant') await grant(workspace, step.credits, step.hours);
    else if (step.kind === 'wait') bench.clock.advance({ hours: step.hours });
    else if (step.kind === 'hold') {
      const hold: HoldRequest = {
        id: newId<'hold'>(),
        workspace: workspace.id,
        legs: [{ meter: creditMeter(workspace.id), amount: step.credits }],
        expires_at: bench.clock.now().add({ hours: 24 * 30 }),
        plan: 'FREE',
        provider: 'acme',
        cost: NOTHING,
        reported: NOTHING,
      };
      if ((await bench.meters.hold(hold)).kind === 'held') open.push(hold);
    } else {
      const hold = open.shift();
      if (hold) {
        const charged = BigInt(Math.round(Number(hold.legs[0]?.amount) * step.share));
        const end = { hold: hold.id, workspace: workspace.id };
        await bench.meters.end(
          step.kind === 'void'
            ? { kind: 'void', ...end }
            : { kind: 'settle', ...end, actuals: [charged], cost: 0n, reported: 0n, provider: 'acme' },
        );
      }
    }
    while ((await bench.meters.sweep()).grants > 0);
    const { cap, used } = await bench.credits(workspace);
    balances.push(cap - used);
  }
  return { workspace, balances };
}

async function pages({ id: workspace }: Workspace, limit: number): Promise<StatementLine[]> {
  const lines: StatementLine[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof statementPage>> = await statementPage(bench.database.pool, {
      workspace,
      cursor,
      limit,
    });
    if (isRefusal(page)) throw new Error(page.detail);
    lines.push(...page.rows);
    cursor = page.next;
  } while (cursor !== null);
  return lines;
}

async function whole(workspace: Workspace, from?: Temporal.Instant, to?: Temporal.Instant): Promise<StatementLine[]> {
  const lines: StatementLine[] = [];
  for await (const chunk of wholeStatement(bench.database.pool, { workspace: workspace.id, from, to })) lines.push(...chunk);
  return lines;
}

test('C2, C3: whatever happened, the statement replays to the meter at every row, page by page and as a whole', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 7 }), async (wanted, limit) => {
      const { workspace, balances } = await play(wanted);
      const newest = await pages(workspace, limit);
      const lines = newest.toReversed();
      let balance = 0n;
      for (const line of lines) {
        balance += line.change;
        expect(line.balance).toBe(balance);
        expect(balance).toBeGreaterThanOrEqual(0n);
      }
      expect(balance).toBe(balances.at(-1) ?? 0n);
      // What the meter said after each step is a balance the statement shows, in that order.
      let at = -1;
      for (const said of balances) {
        if (said === (lines[at]?.balance ?? 0n)) continue;
        at = lines.findIndex((line, index) => index > at && line.balance === said);
        expect(at).toBeGreaterThanOrEqual(0);
      }
      expect(await whole(workspace)).toEqual(lines);
    }),
    { numRuns: 40 },
  );
});

test('C2: a long statement is counted from checkpoints, and is the same however it is cut in pages or in times', async () => {
  const workspace = bench.workspace('FREE', bench.clock.now().toString());
  await grant(workspace, 1_000_000n, null);
  const cuts: Temporal.Instant[] = [];
  for (let day = 0; day < 4; day++) {
    await Promise.all(Array.from({ length: 400 }, (_, n) => bench.spend(workspace, BigInt(1 + (n % 9)))));
    bench.clock.advance({ hours: 24 });
    cuts.push(bench.clock.now());
    await grant(workspace, 10n, 5);
    bench.clock.advance({ hours: 6 });
    while ((await bench.meters.sweep()).grants > 0);
  }
  const lines = await whole(workspace);
  expect(lines).toHaveLength(1 + 4 * 402);
  let balance = 0n;
  for (const line of lines) expect(line.balance).toBe((balance += line.change));
  const { cap, used } = await bench.credits(workspace);
  expect(balance).toBe(cap - used);
  expect((await pages(workspace, 200)).toReversed()).toEqual(lines);

  const bounds = [undefined, ...cuts, undefined];
  const parts = [];
  for (let n = 0; n + 1 < bounds.length; n++) parts.push(await whole(workspace, bounds[n], bounds[n + 1]));
  expect(parts.flat()).toEqual(lines);
  expect(parts.map((part) => part.length)).toEqual([401, 402, 402, 402, 2]);

  const { rows } = await bench.database.pool.query<{ n: number }>(
    'select count(*)::integer as n from wallet.checkpoint where workspace_id = $1',
    [workspace.id],
  );
  expect(rows[0]?.n).toBe(12);
});

test('one workspace never sees a line of another’s, and a cursor that is not ours is refused', async () => {
  const [one, other] = [bench.workspace('FREE', '2026-01-01T00:00:00Z'), bench.workspace('FREE', '2026-01-01T00:00:00Z')];
  await grant(one, 5n, null);
  await grant(other, 7n, null);
  expect((await pages(one, 50)).map(({ change }) => change)).toEqual([5n]);
  expect(await statementPage(bench.database.pool, { workspace: one.id, cursor: 'x' })).toMatchObject({ code: 'invalid_request' });
});
