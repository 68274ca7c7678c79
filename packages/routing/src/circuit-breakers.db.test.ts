import { newId, type Pool, type WorkspaceId } from '@purser/base';
import { createTestDatabase, type TestDatabase } from '@purser/base/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { afterEvent, type BreakerEvent, type BreakerRecord } from './breaker.ts';
import { breakerStore, localBreakerStore } from './breaker-store.ts';
import { CircuitBreakers, type Failure } from './circuit-breakers.ts';
import { routingMigrations } from './route-store.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase([routingMigrations]);
  pool = database.pool;
});
afterAll(() => database.drop());

let routes = 0;
const fresh = () => ({ provider: `acme-${routes++}`, model: 'large' });
const failing: Failure = { reason: 'failing', why: 'HTTP 500' };
const server = (more: Partial<ConstructorParameters<typeof CircuitBreakers>[0]> = {}) =>
  new CircuitBreakers({ store: breakerStore(pool), lease_ms: 60_000, read_every_ms: 0, ...more });

async function waitIsOver({ provider }: { provider: string }): Promise<void> {
  await pool.query(`update routing.breaker set until = now() where provider = $1`, [provider]);
}

describe('two servers on one database', () => {
  test('failures in a row open a breaker whichever server meets them; the other knows, and nothing is read before', async () => {
    const route = fresh();
    const [one, other] = [server(), server()];
    for (let n = 0; n < 4; n++) await (n % 2 === 0 ? one : other).failed(route, failing);
    expect([one.of(route).state, other.of(route).state]).toEqual(['closed', 'closed']);
    await one.failed(route, failing);
    expect(one.of(route)).toMatchObject({ state: 'open', reason: 'failing', why: 'HTTP 500' });
    expect(one.of({ ...route, model: 'small' }).state).toBe('closed');
    await other.refresh();
    expect(other.of(route).state).toBe('open');
  });

  test('while the calls of one workspace alone fail it alone is kept away, on every server; one failure of another keeps all away', async () => {
    const route = fresh();
    const [one, other] = [server(), server()];
    const [guilty, innocent] = [newId() as WorkspaceId, newId() as WorkspaceId];
    for (let n = 0; n < 5; n++) await one.failed(route, { ...failing, by: guilty });
    await other.refresh();
    for (const breakers of [one, other]) {
      expect(breakers.of(route, guilty).state).toBe('open');
      expect(breakers.of(route, innocent).state).toBe('closed');
      expect(breakers.of(route).state).toBe('open');
    }
    other.served(route);
    expect(other.of(route, guilty).state).toBe('open');
    await other.failed(route, { ...failing, by: innocent });
    await one.refresh();
    for (const breakers of [one, other]) expect(breakers.of(route, innocent).state).toBe('open');
  });

  test('failures in a row of several workspaces open a breaker for all', async () => {
    const route = fresh();
    const one = server();
    for (let n = 0; n < 5; n++) await one.failed(route, { ...failing, by: newId() as WorkspaceId });
    expect(one.of(route, newId() as WorkspaceId).state).toBe('open');
  });

  test('what kept one workspace away is tried by it, and the others need no try', async () => {
    const route = fresh();
    const one = server();
    const [guilty, innocent] = [newId() as WorkspaceId, newId() as WorkspaceId];
    for (let n = 0; n < 5; n++) await one.failed(route, { ...failing, by: guilty });
    await waitIsOver(route);
    await one.refresh();
    expect([one.of(route, guilty).state, one.of(route, innocent).state]).toEqual(['due', 'closed']);
    const probe = await one.claim(route, guilty);
    if (probe === null) throw new Error('nobody else tried it');
    await one.failed(route, { ...failing, by: guilty, probe });
    expect([one.of(route, guilty).state, one.of(route, innocent).state]).toEqual(['open', 'closed']);
  });

  test('a provider’s words open a breaker for all servers, whatever characters are in them', async () => {
    const route = fresh();
    const [one, other] = [server(), server()];
    for (let n = 0; n < 5; n++) await one.failed(route, { reason: 'failing', why: 'HTTP 500: \0 \ud800' });
    await other.refresh();
    expect(other.of(route)).toMatchObject({ state: 'open', why: 'HTTP 500: \ufffd \ufffd' });
  });

  test('a call that is served in between ends the row', async () => {
    const route = fresh();
    const one = server();
    for (let n = 0; n < 12; n++) {
      await one.failed(route, failing);
      if (n % 4 !== 3) continue;
      one.served(route);
      await expect.poll(() => one.list().filter(({ provider }) => provider === route.provider)).toEqual([]);
    }
    expect(one.of(route).state).toBe('closed');
  });

  test('when the wait is over exactly one call over all servers tries the route; served, it closes for all', async () => {
    const route = fresh();
    const servers = [server(), server(), server()];
    for (let n = 0; n < 5; n++) await servers[0]?.failed(route, failing);
    await waitIsOver(route);
    for (const one of servers) await one.refresh();
    expect(servers.map((one) => one.of(route).state)).toEqual(['due', 'due', 'due']);
    const probes = await Promise.all(Array.from({ length: 30 }, (_, n) => (servers[n % 3] ?? server()).claim(route)));
    const won = probes.filter((probe) => probe !== null);
    expect(won).toHaveLength(1);
    for (const one of servers) {
      await one.refresh();
      expect(one.of(route).state).toBe('open');
    }
    // A call that was sent before it opened proves nothing.
    servers[1]?.served(route);
    await servers[1]?.refresh();
    expect(servers[1]?.of(route).state).toBe('open');
    servers[2]?.served(route, won[0]);
    await expect
      .poll(async () => {
        for (const one of servers) await one.refresh();
        return servers.map((one) => one.of(route).state);
      })
      .toEqual(['closed', 'closed', 'closed']);
  });

  test('a probe that fails opens it for twice as long; one that told nothing, or never came back, leaves its place to the next', async () => {
    const route = fresh();
    const one = server({ limits: { open_ms: 100_000, open_ms_max: 1_000_000 } });
    for (let n = 0; n < 5; n++) await one.failed(route, failing);
    await waitIsOver(route);
    await one.refresh();
    const probe = await one.claim(route);
    await one.failed(route, { ...failing, probe: probe ?? undefined });
    expect(one.of(route).state).toBe('open');
    expect(one.of(route).retry_ms).toBeGreaterThan(150_000);
    await waitIsOver(route);
    await one.refresh();
    const second = await one.claim(route);
    expect(second).not.toBeNull();
    expect(await one.claim(route)).toBeNull();
    if (second) await one.returned(second);
    expect(one.of(route).state).toBe('due');
    expect(await one.claim(route)).not.toBeNull();
    // Its lease is over.
    await waitIsOver(route);
    await one.refresh();
    expect(await one.claim(route)).not.toBeNull();
  });

  test('a refused key closes the whole provider at once, for one stated time however many calls meet it', async () => {
    const route = fresh();
    const opened: string[] = [];
    const one = server({ onOpened: ({ reason }) => opened.push(reason) });
    await Promise.all(Array.from({ length: 10 }, () => one.failed(route, { reason: 'key', why: 'HTTP 401', opens: 'provider' })));
    expect(one.of({ ...route, model: 'another' })).toMatchObject({ state: 'open', reason: 'key' });
    expect(one.of(route).retry_ms).toBeLessThanOrEqual(30_000);
    expect(opened).toEqual(['key']);
  });

  test('a provider closed for what is unresolved opens when that is resolved, and for no other reason', async () => {
    const route = fresh();
    const one = server();
    await one.closeProvider(route.provider, 'unresolved', 'too much', 120_000);
    await one.resolved(route.provider, 'key');
    expect(one.of(route)).toMatchObject({ state: 'open', reason: 'unresolved' });
    await one.resolved(route.provider, 'unresolved');
    expect(one.of(route).state).toBe('closed');
  });

  test('half of what was sent lately is enough where other calls are served in between', async () => {
    const route = fresh();
    const one = server({ store: localBreakerStore() });
    for (let n = 0; n < 20 && one.of(route).state === 'closed'; n++) {
      await one.failed(route, failing);
      one.served(route);
      await Promise.resolve();
    }
    expect(one.of(route).state).toBe('open');
  });

  test('what one caller can bring about by calls under way together counts once; one after another, or of several callers, each', async () => {
    const [parallel, several] = [fresh(), fresh()];
    const one = server();
    const began_ms = performance.now();
    for (let n = 0; n < 50; n++) await one.failed(parallel, { ...failing, together: { by: 'a', began_ms } });
    expect(one.of(parallel).state).toBe('closed');
    for (let n = 0; n < 4; n++)
      await one.failed(parallel, { ...failing, together: { by: 'a', began_ms: performance.now() + 1 } });
    expect(one.of(parallel).state).toBe('open');
    for (let n = 0; n < 5; n++) await one.failed(several, { ...failing, together: { by: `caller ${n}`, began_ms } });
    expect(one.of(several).state).toBe('open');
  });

  test('what cannot be written is known to the server that met it, and told', async () => {
    const route = fresh();
    const errors: unknown[] = [];
    const away = {
      read: () => Promise.reject(new Error('away')),
      change: () => Promise.reject(new Error('away')),
    };
    const one = server({ store: away, limits: { open_ms: 1 }, failed: (error) => errors.push(error) });
    for (let n = 0; n < 5; n++) await one.failed(route, failing);
    expect(one.list()).toMatchObject([{ ...route, state: 'open' }]);
    expect(errors).toHaveLength(5);
    // Nobody can tell whether another server tries it, so this one does not.
    await expect.poll(() => one.of(route).state).toBe('due');
    expect(await one.claim(route)).toBeNull();
  });
});

test('whatever happens in whatever order: no wait is longer than the longest, one probe at a time', async () => {
  const limits = { failures_max: 3, open_ms: 100, open_ms_max: 1_600 };
  const key = { provider: 'p', model: 'm' };
  const event: fc.Arbitrary<BreakerEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('failed' as const),
      reason: fc.constantFrom('failing' as const, 'key' as const),
      why: fc.constant('w'),
      now: fc.boolean(),
      probe: fc.constantFrom(null, 'a', 'b'),
      by: fc.constantFrom(null, 'x', 'y'),
    }),
    fc.record({ kind: fc.constant('served' as const), probe: fc.constantFrom(null, 'a', 'b') }),
    fc.record({ kind: fc.constant('claim' as const), probe: fc.constantFrom('a', 'b'), lease_ms: fc.constant(1_000) }),
    fc.record({ kind: fc.constant('returned' as const), probe: fc.constantFrom('a', 'b') }),
    fc.record({ kind: fc.constant('resolved' as const), reason: fc.constantFrom('failing' as const, 'key' as const) }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(2_000)), { maxLength: 60 }), (steps) => {
      let record: BreakerRecord | null = null;
      for (const [next, passed_ms] of steps) {
        const before: BreakerRecord | null =
          record === null ? null : { ...record, wait_ms: Math.max(0, record.wait_ms - passed_ms) };
        record = afterEvent(key, before, next, limits);
        if (record === null) continue;
        expect(record.wait_ms).toBeLessThanOrEqual(limits.open_ms_max);
        expect(record.probe === null).toBe(record.state !== 'half_open');
        if (next.kind === 'claim' && before?.state === 'half_open' && before.wait_ms > 0) expect(record.probe).toBe(before.probe);
        if (record.state === 'closed') expect(record.failures).toBeLessThan(limits.failures_max);
      }
    }),
  );
});
