import { assert, PLATFORM, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import type { MeterSpec } from '@purser/meters';
import { EVERY_TASK, metersFor } from '@purser/policy';

import type { TestServer } from './test-server.ts';

/** Fills a meter of a workspace's policy, or the pool for letters, up to a share of its cap, as a call that cost so much would; and tells as the gate does. */
export async function fillMeter({ running }: TestServer, workspace: string, key: string, share: number): Promise<void> {
  const { meters, policies, identity, clock } = running.composition.deps;
  const found = await identity.workspace(workspace);
  assert(found, 'the workspace is there');
  const policy = await policies.load(found, clock.now());
  const meter = key.startsWith('pool:')
    ? poolMeter(clock.now())
    : metersFor(EVERY_TASK, policy, {}, clock.now()).find((spec) => spec.key === key);
  assert(meter, `the policy has the meter ${key}`);
  const [state] = await meters.read([meter]);
  const wanted = ((meter.cap ?? 0n) * BigInt(Math.round(share * 10_000))) / 10_000n - (state?.used ?? 0n);
  const id = newId<'hold'>();
  const nothing = { amount: 0n, unit: 'USD' };
  const held = await meters.hold({
    id,
    workspace: workspace as WorkspaceId,
    expires_at: clock.now().add({ minutes: 1 }),
    legs: [{ meter, amount: wanted }],
    plan: policy.plan.code,
    provider: 'test',
    cost: nothing,
    reported: nothing,
  });
  assert(held.kind === 'held', `the meter ${key} has room`);
  await meters.end({
    kind: 'settle',
    hold: id,
    workspace: workspace as WorkspaceId,
    actuals: [wanted],
    cost: 0n,
    reported: 0n,
    provider: 'test',
  });
  policies.spent(policy);
}

function poolMeter(now: Temporal.Instant): MeterSpec {
  const month = now
    .toZonedDateTimeISO('UTC')
    .with({ day: 1, hour: 0, minute: 0, second: 0, millisecond: 0, microsecond: 0, nanosecond: 0 });
  return {
    workspace: PLATFORM,
    key: 'pool:mailrelay',
    unit: 'email',
    class: 'quota',
    window_start: month.toInstant(),
    window_end: month.add({ months: 1 }).toInstant(),
    cap: 80_000n,
  };
}
