import { PLATFORM, unreachable, type WorkspaceId } from '@purser/core';
import { type Catalog, type Ladder, type Plan, spentAtMost } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { creditMeter, type MeterSpec, type Window, windowAt } from '@purser/meters';
import type { Currency, Money, Ratio } from '@purser/money';

import type { Terms } from './merge-overrides.ts';

/** More than any cap: a meter that counts and limits nothing. */
const COUNTS_ONLY = 2n ** 62n;

/**
 * What every paid call reserves of, whatever its task: `credits`, `cost` (the ceiling), `concurrency` and `budget` (shared by those it
 * covers). Quotas come with the task; see `metersFor`. Frozen, so that what is derived from a meter may be kept by its object.
 */
export function spendingMeters(question: {
  workspace: Workspace;
  catalog: Pick<Catalog, 'globalBudget' | 'plans'>;
  /** Whether the global budget bounds this work. */
  budgeted: boolean;
  terms: Pick<Terms, 'cost_cap' | 'concurrency'>;
  billing_period: Window;
  /** Of the platform: UTC. */
  month: Window;
}): readonly MeterSpec[] {
  const { workspace, catalog, budgeted, terms, billing_period, month } = question;
  const ever = windowAt('ever', { anchor: workspace.anchored_at, timezone: workspace.timezone, now: workspace.anchored_at });
  const own = (key: string, unit: string, kind: MeterSpec['class'], window: Window, cap: bigint) =>
    meter(workspace.id, key, unit, kind, window, cap);
  const { cost_cap, concurrency } = terms;

  const meters = [
    Object.freeze(creditMeter(workspace.id)),
    own('cost', cost_cap.currency, 'cost', billing_period, cost_cap.nanos),
    own('concurrency', 'call', 'gauge', ever, BigInt(concurrency)),
  ];
  // What is spent counts in the currency of every plan there is: a change of plan must find it, not an empty meter.
  for (const currency of otherCurrencies(catalog, cost_cap.currency)) {
    meters.push(own('cost', currency, 'cost', billing_period, COUNTS_ONLY));
  }
  const budget = catalog.globalBudget?.amount;
  if (budget && budgeted) meters.push(meter(PLATFORM, 'budget', budget.currency, 'cost', month, budget.nanos));
  return Object.freeze(meters);
}

/** The meter that a ladder watches, when everybody shares it; undefined for a ladder of the plan's own. Of the platform: UTC. */
export function sharedMeter(
  { globalBudget, pools }: Pick<Catalog, 'globalBudget' | 'pools'>,
  { watches, pool: name }: Pick<Ladder, 'watches' | 'pool'>,
  now: Temporal.Instant,
): MeterSpec | undefined {
  switch (watches) {
    case 'ceiling':
      return undefined;
    case 'global_budget':
      return (
        globalBudget &&
        meter(PLATFORM, 'budget', globalBudget.amount.currency, 'cost', utc('month', now), globalBudget.amount.nanos)
      );
    case 'pool': {
      const pool = pools.find((candidate) => candidate.name === name);
      return pool && meter(PLATFORM, `pool:${pool.name}`, pool.unit, 'quota', utc(pool.window, now), pool.cap);
    }
    default:
      return unreachable(watches);
  }
}

/** What a plan's e-mail takes from that everybody shares: sending pauses where the pool's cap says, and what is beyond is never sent. */
export function emailPoolMeter({ pools }: Pick<Catalog, 'pools'>, { email }: Plan, now: Temporal.Instant): MeterSpec | undefined {
  const pool = pools.find(({ name }) => name === email?.pool);
  return (
    pool && meter(PLATFORM, `pool:${pool.name}`, pool.unit, 'quota', utc(pool.window, now), shareOf(pool.cap, pool.pause_at))
  );
}

/** Rounded down. */
function shareOf(cap: bigint, { numerator, denominator }: Ratio): bigint {
  return (cap * numerator) / denominator;
}

/**
 * What calls under way may come to beyond what is held for them: with all that is taken of the cost, no more than what is admitted and the
 * reserve. The reserve is what is left for it at the end of the ceiling; before that, whatever is not spent yet is.
 */
export function exposureMeter(workspace: Workspace, cost_cap: Money, plan: Plan, billing_period: Window): MeterSpec {
  const most = spentAtMost(cost_cap, plan);
  return meter(workspace.id, 'exposure', most.currency, 'gauge', billing_period, most.nanos);
}

function utc(kind: 'month' | 'day', now: Temporal.Instant): Window {
  return windowAt(kind, { anchor: now, timezone: 'UTC', now });
}

function otherCurrencies({ plans }: Pick<Catalog, 'plans'>, own: Currency): Set<Currency> {
  return new Set(plans.map(({ price }) => price.currency).filter((currency) => currency !== own));
}

function meter(
  workspace: WorkspaceId,
  key: string,
  unit: string,
  kind: MeterSpec['class'],
  window: Window,
  cap: bigint,
): MeterSpec {
  return Object.freeze({ workspace, key, unit, class: kind, window_start: window.start, window_end: window.end, cap });
}
