import { isRefusal, type WorkspaceId } from '@purser/core';
import { transaction, workspaceTransaction } from '@purser/database';
import { listAudit } from '@purser/audit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { licenseChanges } from './announce.ts';
import { licenseHistory } from './history.ts';
import { licenseOf, type PaymentKind, rankOf } from './license-of.ts';
import { type PaymentEvent, recordPayment, setByHand } from './record.ts';
import { type LicenseBench, openLicenseBench, START } from './testing.ts';

let bench: LicenseBench;
beforeAll(async () => {
  bench = await openLicenseBench();
});
afterAll(() => bench.close());

const changesOf = async (workspace: WorkspaceId) =>
  (await licenseHistory(bench.database.pool, workspace)).toReversed().map(({ from, to }) => `${from} → ${to}`);
const licenseNow = async (workspace: WorkspaceId) => {
  bench.identity.forget(workspace);
  const found = await bench.identity.workspace(workspace);
  return `${found?.license} since ${found?.license_since}`;
};

interface Happening {
  readonly id: string;
  readonly kind: PaymentKind;
  readonly seconds: number;
  readonly reference: string;
}
const happenings = fc.uniqueArray(
  fc.record<Happening>({
    id: fc.nat(30).map((n) => `evt_${n}`),
    kind: fc.constantFrom('failed', 'paid', 'ended', 'refunded'),
    seconds: fc.nat(12),
    reference: fc.constantFrom('in_1', 'in_2'),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 7 },
);
const eventOf = (workspace: WorkspaceId, { seconds, ...happening }: Happening): PaymentEvent => ({
  ...happening,
  workspace,
  at: START.add({ seconds }),
});

describe('C5 payment events count once, in any order', () => {
  test('late, doubled, reordered and at the same moment: the same license, and announcements that lead to it without a gap', async () => {
    const arrivals = happenings.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
    );
    await fc.assert(
      fc.asyncProperty(arrivals, fc.boolean(), async ([list, arriving], together) => {
        const workspace = await bench.workspace();
        const sent = arriving.map((happening) => () => bench.record(eventOf(workspace, happening)));
        const fresh: boolean[] = [];
        if (together) fresh.push(...(await Promise.all(sent.map((send) => send()))).map((done) => done.fresh));
        else for (const send of sent) fresh.push((await send()).fresh);
        expect(fresh.filter(Boolean)).toHaveLength(list.length);

        const events = list.map((happening) => eventOf(workspace, happening));
        const { license, since } = licenseOf(
          events.map((event) => ({ ...event, ranked_at: rankOf(event.at) })),
          START,
        );
        expect(await licenseNow(workspace)).toBe(`${license} since ${since}`);
        const changes = (await licenseHistory(bench.database.pool, workspace)).toReversed();
        let stage = 'active';
        for (const change of changes) {
          expect(change.from).toBe(stage);
          stage = change.to;
        }
        expect(stage).toBe(license);
      }),
      { numRuns: 60 },
    );
  });

  test('an event is kept for ever: the same id months later changes nothing', async () => {
    const workspace = await bench.workspace();
    const failed = eventOf(workspace, { id: 'evt_f', kind: 'failed', seconds: 60, reference: 'in_1' });
    await bench.record(failed);
    await bench.record(eventOf(workspace, { id: 'evt_p', kind: 'paid', seconds: 3600, reference: 'in_1' }));
    expect(await bench.record({ ...failed, at: START.add({ hours: 24 * 90 }) })).toMatchObject({ fresh: false });
    expect(await changesOf(workspace)).toEqual(['active → grace', 'grace → active']);
  });

  test('what is rolled back never happened, and a pool is no transaction', async () => {
    const workspace = await bench.workspace();
    const failed = eventOf(workspace, { id: 'evt_f', kind: 'failed', seconds: 60, reference: 'in_1' });
    const work = transaction(bench.database.pool, async (connection) => {
      await recordPayment(connection, START, failed);
      throw new Error('something else failed');
    });
    await expect(work).rejects.toThrow('something else');
    expect(await licenseNow(workspace)).toBe(`active since ${START}`);
    expect(await changesOf(workspace)).toEqual([]);
    await expect(recordPayment(bench.database.pool, START, failed)).rejects.toThrow('transaction');
    await expect(bench.record({ ...failed, workspace: crypto.randomUUID() as WorkspaceId })).rejects.toThrow('no workspace');
  });

  test('C9 each change is in the trail, with what it came from', async () => {
    const workspace = await bench.workspace();
    await bench.record(eventOf(workspace, { id: 'evt_1', kind: 'failed', seconds: 60, reference: 'in_7' }));
    await transaction(bench.database.pool, (connection) =>
      setByHand(connection, START.add({ seconds: 90 }), { workspace, license: 'active', actor: 'admin' }),
    );
    const trail = await listAudit(bench.database.pool, { workspace });
    if (isRefusal(trail)) throw new Error(trail.detail);
    expect(trail.rows.map(({ actor, action, detail }) => [actor, action, detail['kind'], detail['reference']])).toEqual([
      ['admin', 'license.change', 'set_active', ''],
      ['payments', 'license.change', 'failed', 'in_7'],
    ]);
  });
});

test('C5 by hand outweighs all that was known, even of the same second; what happens later counts again', async () => {
  const workspace = await bench.workspace();
  const set = (license: 'active' | 'grace' | 'cancelled', seconds: number) =>
    transaction(bench.database.pool, (connection) =>
      setByHand(connection, START.add({ seconds, milliseconds: 300 }), { workspace, license, actor: 'admin' }),
    );
  await bench.record(eventOf(workspace, { id: 'evt_1', kind: 'failed', seconds: 60, reference: 'in_1' }));
  expect((await set('active', 60)).after.license).toBe('active');
  expect((await set('cancelled', 61)).after.license).toBe('cancelled');
  await bench.record(eventOf(workspace, { id: 'evt_2', kind: 'paid', seconds: 61, reference: 'in_1' }));
  expect(await changesOf(workspace)).toEqual(['active → grace', 'grace → active', 'active → cancelled', 'cancelled → active']);
});

test('C10 a workspace sees its own license alone, and its events cannot be changed by anyone', async () => {
  const [one, other] = [await bench.workspace(), await bench.workspace()];
  for (const workspace of [one, other]) {
    await bench.record(eventOf(workspace, { id: 'evt_1', kind: 'failed', seconds: 60, reference: 'in_1' }));
  }
  const seen = await workspaceTransaction(bench.database.pool, one, async (connection) => {
    const { rows } = await connection.query<{ workspace_id: string }>(
      'select workspace_id from license.event union all select workspace_id from license.standing union all select workspace_id from license.change',
    );
    return rows.map(({ workspace_id }) => workspace_id);
  });
  expect(seen).toEqual([one, one, one]);
  await expect(bench.database.pool.query(`update license.event set kind = 'paid'`)).rejects.toThrow();
  await expect(bench.database.pool.query('delete from license.change')).rejects.toThrow();
});

test('C5 whoever follows the changes by cursor gets each once, none skipped, while others commit out of order', async () => {
  const { pool } = bench.database;
  const workspaces = await Promise.all(Array.from({ length: 6 }, () => bench.workspace()));
  const followed: WorkspaceId[] = [];
  let cursor: string | null = null;
  const follow = async (): Promise<void> => {
    for (;;) {
      const page = await licenseChanges(pool, cursor);
      if (page.length === 0) return;
      followed.push(...page.map(({ workspace }) => workspace).filter((workspace) => workspaces.includes(workspace)));
      cursor = page.at(-1)?.cursor ?? cursor;
    }
  };
  const slow = Promise.withResolvers<void>();
  const first = transaction(pool, async (connection) => {
    await recordPayment(connection, START, eventOf(workspaces[0]!, { id: 'a', kind: 'failed', seconds: 1, reference: '' }));
    await slow.promise;
  });
  for (const workspace of workspaces.slice(1)) {
    await bench.record(eventOf(workspace, { id: 'a', kind: 'failed', seconds: 1, reference: '' }));
    await follow();
  }
  slow.resolve();
  await first;
  await expect.poll(() => follow().then(() => followed.length), { timeout: 20_000 }).toBe(workspaces.length);
  expect(followed.toSorted()).toEqual(workspaces.toSorted());
});
