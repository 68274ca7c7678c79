import type { WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { afterEvent } from './after-event.ts';
import { type FailedEvent, later, ROUTE_LIMITS, type RouteEvent, type RouteRecord } from './route-record.ts';

const KEY = { provider: 'acme', model: 'acme/large' };
const workspaces = Array.from({ length: 70 }, () => newId<'workspace'>());
const at = (n: number): WorkspaceId => workspaces[n] ?? newId<'workspace'>();
const NEITHER = { everybody: false, own: false };

function failed(by: WorkspaceId | null, more: Partial<FailedEvent> = {}): FailedEvent {
  return {
    kind: 'failed',
    reason: 'failing',
    why: 'w',
    at_once: null,
    by,
    independent: true,
    half: NEITHER,
    probe: null,
    ...more,
  };
}
const served = (workspace: WorkspaceId, probe: string | null = null): RouteEvent => ({ kind: 'served', workspace, probe });
const claim = (workspace: WorkspaceId, probe: string): RouteEvent => ({ kind: 'claim', workspace, probe, lease_ms: 1_000 });

/** `passed` milliseconds before each event. */
function after(events: readonly RouteEvent[], known?: RouteRecord, passed_ms = 0): RouteRecord {
  let record = known;
  for (const event of events) record = afterEvent(KEY, record && later(record, passed_ms), event, ROUTE_LIMITS);
  if (record === undefined) throw new Error('there was no event');
  return record;
}
const ownOf = (record: RouteRecord, workspace: WorkspaceId) => record.own.find((one) => one.workspace === workspace);

describe('what closes a model for everybody', () => {
  test('failures of three independent workspaces within a minute, five in a row', () => {
    const four = after([failed(at(0)), failed(at(1)), failed(at(2)), failed(at(0))]);
    expect(four.state).toBe('open');
    expect(after([failed(at(1))], four)).toMatchObject({ state: 'closed', reason: 'failing', wait_ms: 15_000 });
  });

  test('however many calls of two workspaces fail: it is closed to them alone', () => {
    const record = after(Array.from({ length: 40 }, (_, n) => failed(at(n % 2))));
    expect([record.state, ownOf(record, at(0))?.state, ownOf(record, at(1))?.state]).toEqual(['open', 'closed', 'closed']);
  });

  test('however many workspaces that anybody can make: it is closed to each alone', () => {
    const record = after(workspaces.flatMap((by) => Array.from({ length: 5 }, () => failed(by, { independent: false }))));
    expect(record.state).toBe('open');
    expect(record.own.every(({ state }) => state === 'closed')).toBe(true);
  });

  test('not while calls of others are served in between, nor when failures are minutes apart', () => {
    const between = Array.from({ length: 30 }, (_, n) => [failed(at(n % 4)), served(at(9))]).flat();
    expect(after(between).state).toBe('open');
    const rare = Array.from({ length: 30 }, (_, n) => failed(at(n % 10)));
    expect(after(rare, undefined, 31_000).state).toBe('open');
  });

  test('for five seconds for each that bears witness, and they do not try it next: another workspace does', () => {
    const closed = after(Array.from({ length: 5 }, (_, n) => failed(at(n))));
    expect(closed.wait_ms).toBe(25_000);
    const due = later(closed, 25_000);
    expect(after([claim(at(0), 'p')], due).state).toBe('closed');
    const tried = after([claim(at(9), 'p')], due);
    expect(tried).toMatchObject({ state: 'tried', probe: 'p' });
    const open = after([served(at(9), 'p')], tried);
    expect(open.state).toBe('open');
    // It serves the others, and whose calls failed tries on its own, one call at a time.
    expect(ownOf(open, at(0))).toMatchObject({ state: 'closed', wait_ms: 5_000 });
  });

  test('a workspace that tries it and fails is kept away itself, and adds nothing to the wait when anybody could have made it', () => {
    const due = later(after(Array.from({ length: 5 }, (_, n) => failed(at(n % 3)))), 15_000);
    const young = at(9);
    const again = after([claim(young, 'p'), failed(young, { independent: false, probe: 'p' })], due);
    expect(again).toMatchObject({ state: 'closed', wait_ms: 15_000 });
    expect(ownOf(again, young)).toMatchObject({ state: 'closed', wait_ms: 30_000 });
    const grown = after([claim(at(8), 'p'), failed(at(8), { probe: 'p' })], due);
    expect(grown).toMatchObject({ state: 'closed', wait_ms: 20_000 });
  });

  test('what is said of our account or of a model, at once', () => {
    expect(after([failed(at(0), { at_once: 'everybody', reason: 'key' })])).toMatchObject({ state: 'closed', wait_ms: 30_000 });
  });
});

test('what forbids one prompt keeps its workspace away at once and the others when they meet it too', () => {
  const forbidden = (by: WorkspaceId) => failed(by, { at_once: 'workspace', reason: 'key' });
  const one = after([forbidden(at(0))]);
  expect([one.state, ownOf(one, at(0))?.state]).toEqual(['open', 'closed']);
  expect(after(Array.from({ length: 5 }, (_, n) => forbidden(at(n)))).state).toBe('closed');
});

describe('an overrun', () => {
  const overran = (workspace: WorkspaceId): RouteEvent => ({ kind: 'overran', workspace, why: 'w' });

  test('however many workspaces overrun, a probe may be sent within a minute', () => {
    const record = after(workspaces.map((workspace) => overran(workspace)));
    expect(record).toMatchObject({ state: 'closed', reason: 'overrun', proof: 'needed', wait_ms: 60_000 });
  });

  test('is not opened by anything but a probe that keeps the limit', () => {
    const due = later(after([failed(at(1)), overran(at(0))]), 60_000);
    const tried = after([claim(at(1), 'p')], due);
    expect(after([served(at(1), 'p')], tried)).toMatchObject({ state: 'closed', proof: 'needed' });
    expect(after([served(at(1))], due)).toMatchObject({ state: 'closed', proof: 'needed' });
    expect(after([failed(at(1), { probe: 'p' })], tried)).toMatchObject({ state: 'closed', reason: 'failing', proof: 'needed' });
    const kept: RouteEvent = { kind: 'proved', proof: { kept: true, output_limit: 'max_tokens' }, probe: 'p' };
    expect(after([kept], tried)).toMatchObject({ state: 'open', proof: 'kept', output_limit: 'max_tokens' });
    // A probe that was under way when it overran says nothing about now.
    expect(after([overran(at(2)), kept], tried)).toMatchObject({ state: 'closed', proof: 'needed' });
  });

  test('while it is closed for another reason keeps the longer wait and needs the probe as well', () => {
    const failing = after([failed(null, { at_once: 'everybody', wait_ms: 100_000 })]);
    expect(after([overran(at(0))], failing)).toMatchObject({ reason: 'overrun', proof: 'needed', wait_ms: 100_000 });
  });
});

test('whatever happens in whatever order: waits are bounded, one try at a time, and what has to be proven is closed', () => {
  const workspace = fc.nat(8).map((n) => at(n));
  const probe = fc.constantFrom('a', 'b');
  const tried = fc.option(probe, { nil: null });
  const proof = fc.constantFrom({ kept: true, output_limit: null } as const, { kept: false, why: 'w' } as const);
  const event: fc.Arbitrary<RouteEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('failed' as const),
      reason: fc.constantFrom('failing' as const, 'key' as const),
      why: fc.constant('w'),
      at_once: fc.constantFrom(null, null, 'everybody' as const, 'workspace' as const),
      by: fc.option(workspace, { nil: null }),
      independent: fc.boolean(),
      half: fc.constantFrom(NEITHER, NEITHER, { everybody: true, own: false }, { everybody: false, own: true }),
      probe: tried,
    }),
    fc.record({ kind: fc.constant('served' as const), workspace, probe: tried }),
    fc.record({ kind: fc.constant('overran' as const), workspace, why: fc.constant('w') }),
    fc.record({ kind: fc.constant('proved' as const), proof, probe: tried }),
    fc.record({ kind: fc.constant('claim' as const), workspace, probe, lease_ms: fc.constant(1_000) }),
    fc.record({ kind: fc.constant('returned' as const), probe }),
    fc.record({ kind: fc.constant('resolved' as const), reason: fc.constantFrom('failing' as const, 'key' as const) }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(100_000)), { maxLength: 60 }), (steps) => {
      let record: RouteRecord | undefined;
      for (const [next, passed_ms] of steps) {
        const before: RouteRecord | undefined = record && later(record, passed_ms);
        record = afterEvent(KEY, before, next, ROUTE_LIMITS);
        for (const one of [record, ...record.own]) {
          expect(one.wait_ms).toBeLessThanOrEqual(3_600_000);
          expect(one.probe === null).toBe(one.state !== 'tried');
          expect(one.reason === null).toBe(one.state === 'open');
        }
        if (record.reason === 'failing') expect(record.wait_ms).toBeLessThanOrEqual(300_000);
        if (record.proof === 'needed') expect(record.state).not.toBe('open');
        if (before?.proof === 'needed' && record.proof !== 'needed') expect(next).toMatchObject({ proof: { kept: true } });
        if (next.kind === 'claim' && before?.state === 'tried' && before.wait_ms > 0) expect(record.probe).toBe(before.probe);
        expect(new Set(record.own.map((one) => one.workspace)).size).toBe(record.own.length);
      }
    }),
  );
});
