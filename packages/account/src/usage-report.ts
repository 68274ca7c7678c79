import type { Offer } from '@purser/core';
import { buyOffers } from '@purser/gate';
import type { MeterState, OpenGrant } from '@purser/meters';
import { money, toWire, type WireMoney } from '@purser/money';
import { type Policy, quotaOf } from '@purser/policy';

import type { ExhaustionForecast } from '@purser/wallet';
import { counter, quantity } from '@purser/http';

import { type Forecast, forecast } from './forecast.ts';

type Quantity = number | string;

export interface UsageReport {
  readonly workspace_id: string;
  readonly plan: string;
  readonly plan_name: string;
  readonly license: string;
  readonly credits: {
    readonly balance: Quantity;
    readonly held: Quantity;
    readonly expiring: { readonly credits: Quantity; readonly source: string; readonly expires_at: string }[];
  };
  readonly cost: {
    readonly ceiling: WireMoney;
    readonly spent: WireMoney;
    readonly held: WireMoney;
    /** The part of `spent` that nobody knows yet. */
    readonly unresolved: WireMoney;
  };
  readonly meters: {
    readonly key: string;
    readonly label?: string;
    readonly unit: string;
    readonly window: string;
    readonly cap: Quantity;
    readonly used: Quantity;
    readonly held: Quantity;
    readonly resets_at: string | null;
  }[];
  readonly degraded: { readonly what: string; readonly why: string }[];
  /** What can be bought, when throttling offers it. */
  readonly offers: Offer[];
  readonly forecast: Forecast & {
    readonly credits: {
      readonly outlook: ExhaustionForecast['outlook'];
      readonly exhausted_at: string | null;
      readonly earliest: string | null;
      readonly latest: string | null;
      readonly text: string;
    };
  };
}

/** What a workspace has, has used and may still use: policy, counters and grants put side by side at one instant. */
export function usageReport(
  policy: Policy,
  meters: readonly MeterState[],
  grants: readonly OpenGrant[],
  now: Temporal.Instant,
  credits: ExhaustionForecast,
): UsageReport {
  const unit = policy.ceiling.currency;
  const cost = meters.find((meter) => meter.key === 'cost' && meter.unit === unit);
  return {
    workspace_id: policy.workspace.id,
    plan: policy.plan.code,
    plan_name: policy.plan.name,
    license: policy.license_stage,
    credits: {
      balance: counter(sum(grants.map((grant) => grant.available))),
      held: counter(sum(grants.map((grant) => grant.held))),
      expiring: grants.flatMap((grant) =>
        grant.expires_at === null
          ? []
          : [{ credits: counter(grant.available), source: grant.source, expires_at: grant.expires_at.toString() }],
      ),
    },
    cost: {
      ceiling: toWire(policy.ceiling),
      // What is unresolved and counts is spent until somebody knows better: that is what keeps the ceiling.
      spent: toWire(money(cost === undefined ? 0n : spentOf(cost), unit)),
      held: toWire(money(cost?.held ?? 0n, unit)),
      unresolved: toWire(money(cost?.unreconciled ?? 0n, unit)),
    },
    meters: meters
      .filter(
        (meter) => meter.workspace === policy.workspace.id && meter.key !== 'credits' && (meter.key !== 'cost' || meter === cost),
      )
      .map((meter) => wireMeter(policy, meter)),
    degraded: [...policy.degraded.values()],
    offers: policy.offers ? buyOffers(policy.catalog, policy) : [],
    forecast: {
      ...forecast({ period: policy.billing_period, spent: cost ? spentOf(cost) : 0n, cap: cost?.cap ?? 0n, now }),
      credits: {
        ...credits,
        exhausted_at: credits.exhausted_at?.toString() ?? null,
        earliest: credits.earliest?.toString() ?? null,
        latest: credits.latest?.toString() ?? null,
      },
    },
  };
}

function wireMeter({ catalog }: Policy, meter: MeterState): UsageReport['meters'][number] {
  const quota = quotaOf(catalog, meter);
  return {
    key: meter.key,
    ...(quota && { label: quota.label }),
    unit: meter.unit,
    window: quota?.window ?? windowName(meter),
    cap: quantity(meter.cap, meter.unit),
    used: quantity(spentOf(meter), meter.unit),
    held: quantity(meter.held, meter.unit),
    resets_at: meter.class === 'gauge' ? null : (meter.window_end?.toString() ?? null),
  };
}

function windowName(meter: MeterState): string {
  if (meter.class === 'gauge') return 'at_once';
  if (meter.window_end === null) return 'ever';
  return 'billing_period';
}

/** What is unresolved and overruns count as used: nothing of them may be admitted again. */
function spentOf({ used, unreconciled, overrun }: MeterState): bigint {
  return used + unreconciled + overrun;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
