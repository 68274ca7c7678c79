import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { WorkspaceId } from '@purser/core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { replaceSubscriptions } from './subscriptions.ts';
import { type AlertBench, dollars, MONTH_END, MONTH_START, openAlertBench, openReceiver } from './testing.ts';

const FIXTURE = fileURLToPath(new URL('alerts-process.fixture.ts', import.meta.url));
const WITHIN = { timeout: 20_000, interval: 20 } as const;
const CAP = dollars(10);

let bench: AlertBench;
const children: ChildProcess[] = [];
beforeAll(async () => {
  bench = await openAlertBench();
});
afterAll(async () => {
  await Promise.all(children.map(kill));
  await bench.close();
});

function server(workspace: WorkspaceId): ChildProcess {
  const orders = {
    database_url: bench.database.url,
    workspace,
    cap: CAP.toString(),
    period_start: MONTH_START.toString(),
    period_end: MONTH_END.toString(),
  };
  const child = spawn(process.execPath, [FIXTURE, JSON.stringify(orders)], { stdio: 'inherit' });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

const count = async (what: string): Promise<number> =>
  Number((await bench.database.pool.query<{ n: bigint }>(`select count(*) as n from notify.${what}`)).rows[0]?.n ?? 0n);

test('T9: servers killed while they scan and while they deliver lose no alert, raise none twice and repeat only under its id', async () => {
  const workspace = bench.workspace({ cap: CAP });
  const hook = await openReceiver((response, call) => {
    // The first two are taken in and never answered: their senders are killed between the writing and the word of it.
    if (call >= 2) response.end();
  });
  const kept = await replaceSubscriptions(
    bench.database.pool,
    {
      thresholds: {},
      digest: { messages_max: 50, within_minutes: 10 },
      channels: [{ kind: 'webhook', address: hook.url, kinds: null }],
    },
    { workspace, now: bench.clock.now(), mail_possible: false, private_allowed: true, also: async () => {} },
  );
  expect(kept).toMatchObject({ channels: [{ kind: 'webhook' }] });
  await bench.spend(workspace, dollars(7));

  for (let killed = 0; killed < 2; killed++) {
    const [one, other] = [server(workspace), server(workspace)];
    await vi.waitFor(() => expect(hook.calls).toHaveLength(killed + 1), WITHIN);
    await Promise.all([kill(one), kill(other)]);
    expect([await count('alert'), await count('message')]).toEqual([1, 1]);
    // Nobody waits a minute here for the claim of the dead to end.
    await bench.database.pool.query('update notify.message set leased_until = null');
  }
  const last = server(workspace);
  await vi.waitFor(() => expect(hook.calls).toHaveLength(3), WITHIN);
  await vi.waitFor(async () => expect(await count(`message where state = 'delivered'`)).toBe(1), WITHIN);
  await bench.spend(workspace, dollars(1.5));
  await vi.waitFor(() => expect(hook.calls).toHaveLength(4), WITHIN);
  await kill(last);

  const ids = hook.calls.map(({ headers }) => headers['purser-message-id']);
  expect(new Set(ids.slice(0, 3)).size).toBe(1);
  expect(new Set(ids).size).toBe(2);
  expect(await count('alert')).toBe(2);
  await hook.close();
}, 60_000);
