import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { startAlerts } from './start-alerts.ts';
import { replaceSubscriptions } from './subscriptions.ts';
import { type AlertBench, dollars, openAlertBench, openReceiver } from './testing.ts';

let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlertBench();
});
afterAll(() => bench.close());

function start(sources = bench.parts.sources) {
  return startAlerts({
    ...bench.parts,
    sources,
    timeout_ms: 60_000,
    private_allowed: true,
    tells_cost: true,
    log: { warn: () => {}, error: (...words: unknown[]) => console.error(...words) },
    every_ms: { scan: 50, send: 50 },
  });
}

test(
  'T9: a stop waits two seconds for a receiver that hangs, and the message goes out again under its id',
  { timeout: 55_000 },
  async () => {
    const workspace = bench.workspace({ cap: dollars(1) });
    const hook = await openReceiver((response, call) => {
      if (call > 0) response.end();
    });
    await replaceSubscriptions(
      bench.database.pool,
      {
        thresholds: {},
        digest: { messages_max: 5, within_minutes: 10 },
        channels: [{ kind: 'webhook', address: hook.url, kinds: null }],
      },
      { workspace, now: bench.clock.now(), mail_possible: false, private_allowed: true, also: async () => {} },
    );
    await bench.spend(workspace, dollars(0.8));
    const first = start();
    await vi.waitFor(() => expect(hook.calls).toHaveLength(1), { timeout: 10_000 });
    // Its receiver may take 60 s, which is more than this test may.
    await first.stop();
    bench.clock.advance({ seconds: 61 });
    const second = start();
    await vi.waitFor(() => expect(hook.calls).toHaveLength(2), { timeout: 10_000 });
    await second.stop();
    expect(new Set(hook.calls.map(({ headers }) => headers['purser-message-id'])).size).toBe(1);
    await hook.close();
  },
);

test('two sources of one name do not start: each would skip what the other has read', () => {
  const source = { name: 'orders', after: () => Promise.reject(new Error('not read')) };
  expect(() => start([source, source])).toThrow(/the source of alerts orders is defined twice/);
});

test('T9: a thousand workspaces that pass a threshold at once are told within a few seconds, each once', async () => {
  const workspaces = Array.from({ length: 1_000 }, () => bench.workspace({ cap: dollars(1) }));
  await Promise.all(workspaces.map((workspace) => bench.spend(workspace, dollars(0.8))));
  const alerts = start();
  const told = async () =>
    (
      await bench.database.pool.query<{ alerts: bigint }>(
        'select count(*) as alerts from notify.alert where workspace_id = any ($1::uuid[])',
        [workspaces],
      )
    ).rows[0]?.alerts;
  await vi.waitFor(async () => expect(await told()).toBe(1_000n), { timeout: 20_000, interval: 20 });
  await alerts.stop();
  expect(await told()).toBe(1_000n);
});
