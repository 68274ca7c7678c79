import { unreachable } from '@purser/core';
import { type Money, toWire } from '@purser/money';

import { type Origin, originOf, type Policy } from './policy.ts';
import { isLossAccepted } from './proven-overrides.ts';

/** One value of a policy, in JSON, with where it came from. */
export interface Explanation {
  /** As in the catalog: `rate.rpm`, `quotas.tokens_month`, `features.ai`. */
  readonly name: string;
  readonly value: unknown;
  readonly from: Origin;
  readonly why: string;
}

/** Every value of the policy and where it came from. */
export function explainPolicy(policy: Policy): Explanation[] {
  return [...valuesOf(policy)].map(([name, value]) => {
    const from = originOf(policy, name);
    return { name, value, from, why: why(policy, name, from) };
  });
}

function valuesOf(policy: Policy): Map<string, unknown> {
  const values = new Map<string, unknown>();
  // What the plan has and something took away is shown as well: that is what one asks about.
  const features = new Set([
    ...policy.plan.features,
    ...policy.features,
    ...policy.degraded.keys().filter(isFeature).map(afterDot),
  ]);
  for (const feature of features) values.set(`features.${feature}`, policy.features.has(feature));
  values.set('license_stage', policy.license_stage);
  values.set('ceiling', amount(policy.ceiling));
  values.set('cost_cap', amount(policy.cost_cap));
  values.set('credits_monthly', count(policy.credits_monthly));
  const quotas = new Set([...Object.keys(policy.plan.quotas), ...Object.keys(policy.quotas)]);
  for (const key of quotas) values.set(`quotas.${key}`, count(policy.quotas[key as keyof typeof policy.quotas] ?? null));
  values.set('concurrency', policy.concurrency);
  for (const group of ['rate', 'request', 'visibility', 'abuse'] as const) {
    for (const [key, value] of Object.entries(policy[group] ?? {})) values.set(`${group}.${key}`, count(value));
  }
  for (const [task, providers] of Object.entries(policy.providers)) values.set(`providers.${task}`, providers);
  for (const [task, pin] of Object.entries(policy.pinned)) values.set(`pinned.${task}`, pin);
  values.set('defaultRouting', policy.defaultRouting);
  values.set('priority', policy.priority);
  values.set('model_class_max', policy.model_class_max ?? null);
  values.set('image_quality_max', policy.image_quality_max ?? null);
  values.set('frozen', policy.frozen);
  return values;
}

function why(policy: Policy, name: string, from: Origin): string {
  const { plan, workspace, catalog } = policy;
  switch (from) {
    case 'plan':
      return `the plan ${plan.code} of ${catalog.version}`;
    case 'override': {
      const { valid_from, valid_until, accepted_loss } = workspace.overrides;
      const time = [valid_from && `from ${valid_from}`, valid_until && `until ${valid_until}`].filter(Boolean).join(' ');
      const loss =
        accepted_loss && isLossAccepted(workspace.overrides, plan) ? `; its loss was accepted: ${accepted_loss.reason}` : '';
      const low = policy.lowered.find((one) => name === one.name || (one.name === 'ceiling' && name === 'cost_cap'));
      const instead = low ? `; ${low.agreed} was agreed, but ${plan.code} pays for ${low.holds} only` : '';
      return `agreed with ${workspace.name}${time === '' ? '' : `, ${time}`}${loss}${instead}`;
    }
    case 'license':
      return `the license is in the stage ${policy.license_stage} since ${workspace.license_since.toString()}`;
    case 'cost_cap':
      return `the hard cost cap of the plan ${plan.code}`;
    case 'term':
      return 'what was collected for this period allows it';
    case 'raise':
      return 'raised by packs that were bought';
    case 'level':
      return policy.degraded.get(name)?.why ?? 'a throttling level';
    case 'freeze':
      return 'an administrator froze all model versions';
    default:
      return unreachable(from);
  }
}

function isFeature(name: string): boolean {
  return name.startsWith('features.');
}

function afterDot(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

function amount(of: Money): unknown {
  return toWire(of);
}

function count(value: unknown): unknown {
  return typeof value === 'bigint' ? (value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString()) : value;
}
