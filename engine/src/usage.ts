import { metersFor, EVERY_TASK, quotaOf } from '@purser/policy';
import type { MeterState } from '@purser/meters';
import { money } from '@purser/money';

import { tenantOf } from './callers.ts';
import { writeAmount } from './money-on-the-wire.ts';
import type { Parts } from './open-parts.ts';
import type { Quota, Usage } from './types.ts';
import { shown } from './workspaces.ts';

/** What a workspace has left, by the counters that its calls are admitted by. @throws RefusalError `not_found` */
export async function usageOf(parts: Parts, name: string): Promise<Usage> {
  const workspace = await tenantOf(parts, name);
  const now = parts.clock.now();
  const policy = await parts.policies.load(workspace, now);
  await parts.openPeriod(policy, now);
  const states = await parts.meters.read(metersFor(EVERY_TASK, policy, {}, now));
  const own = (key: string, unit: string): MeterState | undefined =>
    states.find((state) => state.key === key && state.unit === unit && state.workspace === workspace.id);
  const { currency } = policy.cost_cap;
  const [cost, credits] = [own('cost', currency), states.find((state) => state.class === 'credit')];
  const used = cost ? cost.used + cost.unreconciled + cost.overrun : 0n;
  const left = policy.cost_cap.nanos - used - (cost?.held ?? 0n);
  const amount = (nanos: bigint): Usage['cost']['used'] => writeAmount(money(nanos, currency));
  return {
    workspace: shown(workspace),
    period: { from: policy.billing_period.start.toString(), to: policy.billing_period.end?.toString() ?? '' },
    credits: {
      balance: Number(credits ? credits.cap - credits.used - credits.held : 0n),
      held: Number(credits?.held ?? 0n),
    },
    cost: {
      ceiling: amount(policy.cost_cap.nanos),
      used: amount(used),
      held: amount(cost?.held ?? 0n),
      left: amount(left > 0n ? left : 0n),
    },
    quotas: states.filter((state) => quotaOf(policy.catalog, state) !== undefined).map(quotaShown),
  };
}

function quotaShown({ key, unit, cap, used, held, unreconciled, overrun, window_end }: MeterState): Quota {
  return {
    key,
    unit,
    limit: Number(cap),
    used: Number(used + unreconciled + overrun),
    held: Number(held),
    resets_at: window_end?.toString() ?? null,
  };
}
