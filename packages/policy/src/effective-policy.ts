import { assert } from '@purser/core';
import { type Catalog, findPlan, isBudgeted, type Plan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { type Window, windowAt } from '@purser/meters';

import { add, type Money, money } from '@purser/money';

import { applyLevels } from './apply-levels.ts';
import { levelAt } from './ladder.ts';
import { licenseEffect } from './license.ts';
import { exposureMeter, spendingMeters } from './meters.ts';
import { mergeOverrides, type Terms } from './merge-overrides.ts';
import type { Policy, PolicyState } from './policy.ts';
import { type ActiveLevel, NOTHING_KNOWN, type WorkspaceState } from './workspace-state.ts';
import { termAt } from './term-at.ts';

export interface PolicyQuestion {
  readonly workspace: Workspace;
  /** The version the workspace is on. */
  readonly catalog: Catalog;
  readonly state: PolicyState;
  /** Left out: no ladder climbed down, no ceiling raised. */
  readonly workspace_state?: WorkspaceState;
  readonly now: Temporal.Instant;
  /** Hears of a policy that was resolved anew. */
  readonly resolved?: (policy: Policy) => void;
}

interface Cached {
  readonly policy: Policy;
  readonly state: PolicyState;
  readonly workspace_state: WorkspaceState;
  readonly valid_from_ms: number;
  readonly valid_until_ms: number;
}

/**
 * Workspaces are frozen and replaced when they change, so the object itself is the key: a changed workspace misses,
 * and a forgotten one takes its policy with it.
 */
const cache = new WeakMap<Workspace, Cached>();

/**
 * What `workspace` may do at `now`. Cached until the workspace, the catalog, the state of either is another object, or a window,
 * an override or a license stage ends. Asserts that the catalog has the workspace's plan.
 */
export function effectivePolicy(question: PolicyQuestion): Policy {
  const { workspace, catalog, state, workspace_state = NOTHING_KNOWN, now } = question;
  const cached = cache.get(workspace);
  const now_ms = now.epochMilliseconds;
  if (
    cached !== undefined &&
    cached.policy.catalog === catalog &&
    cached.state === state &&
    cached.workspace_state === workspace_state &&
    now_ms >= cached.valid_from_ms &&
    now_ms < cached.valid_until_ms
  ) {
    return cached.policy;
  }
  const policy = resolve({ workspace, catalog, state, workspace_state, now });
  cache.set(workspace, {
    policy,
    state,
    workspace_state,
    // Outwards for the start and inwards for the end would serve a policy before its time; so the other way round.
    valid_from_ms: Math.ceil(Number(policy.valid_from.epochNanoseconds) / 1e6),
    valid_until_ms: policy.valid_until.epochMilliseconds,
  });
  question.resolved?.(policy);
  return policy;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);

function resolve({ workspace, catalog, state, workspace_state, now }: Required<Omit<PolicyQuestion, 'resolved'>>): Policy {
  const plan = findPlan(catalog, workspace.plan);
  assert(plan, `workspace ${workspace.id} is on plan ${workspace.plan}, which catalog ${catalog.version} does not have`);
  const { anchored_at } = workspace;
  const served = termAt({ workspace, workspace_state, plan, catalog, now });
  // Billing begins at the anchor, and nothing is billed before. A server whose clock is a little behind the one that made the
  // workspace must find the same first period: in an earlier one it would book the price, and grant the credits, once more.
  const early = Temporal.Instant.compare(now, anchored_at) < 0;
  // In UTC, whatever the workspace's zone: a zone that is changed would move the period, and open a second one with a ceiling of its own.
  const calendar = windowAt('billing_period', { anchor: anchored_at, timezone: 'UTC', now: early ? anchored_at : now });
  const billing_period = served?.period ?? calendar;
  const month = windowAt('month', { anchor: workspace.anchored_at, timezone: 'UTC', now });
  const terms = raisedBy(
    raiseOf(workspace_state, billing_period, plan),
    mergeOverrides({
      plan,
      catalog,
      overrides: workspace.overrides,
      now,
      allowed: served?.allowed,
    }),
  );
  const license = licenseEffect({ workspace, terms: catalog.license, features: terms.features, now });
  const origins = new Map(terms.origins);
  for (const feature of license.lost) origins.set(`features.${feature}`, 'license');
  if (state.frozen) origins.set('frozen', 'freeze');

  // No payment covers a trial.
  const budgeted = isBudgeted(catalog, plan) || (catalog.globalBudget !== undefined && served?.month?.kind === 'trial');
  const shared = (state.levels ?? []).filter(({ ladder }) => budgeted || ladder.watches !== 'global_budget');
  const levels = [...ownLevels(plan, catalog, workspace_state, billing_period, terms.cost_cap), ...shared];
  const limited = applyLevels({ ...terms, features: license.features }, levels, origins);
  const period_valid = served?.valid ?? (early ? { ...calendar, start: EPOCH } : calendar);
  const valid = intersect([period_valid, month, terms.valid, license.valid]);
  const { origins: _, valid: __, ...values } = limited;
  return Object.freeze({
    ...values,
    workspace,
    catalog,
    plan,
    license_stage: license.stage,
    frozen: state.frozen,
    levels,
    ...(served && { term: { month: served.month } }),
    billing_period,
    origins,
    valid_from: valid.start,
    valid_until: valid.end,
    meters: spendingMeters({ workspace, catalog, budgeted, terms: limited, billing_period, month }),
    exposure_meter: exposureMeter(workspace, limited.cost_cap, plan, billing_period),
  });
}

/** What add-ons raised the ceiling of this very period by; what was raised in an earlier one counts when it has been carried over. */
function raiseOf({ raised }: WorkspaceState, period: Window, plan: Plan): Money | undefined {
  if (raised === undefined || raised.nanos <= 0n || raised.unit !== plan.price.currency) return undefined;
  return raised.period_start.equals(period.start) ? money(raised.nanos, plan.price.currency) : undefined;
}

/** What was bought on top counts whole: neither reserve nor hard cap takes from it. */
function raisedBy(raise: Money | undefined, terms: Terms): Terms {
  if (raise === undefined) return terms;
  const origins = new Map(terms.origins).set('ceiling', 'raise').set('cost_cap', 'raise');
  return { ...terms, ceiling: add(terms.ceiling, raise), cost_cap: add(terms.cost_cap, raise), origins };
}

/**
 * Where the plan's own ladder stands. A level that was found under another cap is found again from what was spent then, without regard
 * to where it was: a ceiling that was raised is climbed back to at once.
 */
function ownLevels(
  plan: Plan,
  catalog: Catalog,
  workspace_state: WorkspaceState,
  period: Window,
  cap: Money,
): readonly ActiveLevel[] {
  const ladder = catalog.ladders.find(({ name, watches }) => name === plan.ladder && watches === 'ceiling');
  const kept = ladder && workspace_state.levels.get(ladder.name);
  if (!ladder || !kept || kept.unit !== cap.currency || !kept.window_start.equals(period.start)) return [];
  const level = levelAt(ladder, kept.spent, cap.nanos, kept.cap === cap.nanos ? kept.level : 0);
  return level === 0 ? [] : [{ ladder, level }];
}

/** The part that all windows share; they all hold `now`, so it is never empty. */
function intersect(windows: readonly Window[]): { start: Temporal.Instant; end: Temporal.Instant } {
  let start: Temporal.Instant | undefined;
  let end: Temporal.Instant | undefined;
  for (const window of windows) {
    if (start === undefined || Temporal.Instant.compare(window.start, start) > 0) start = window.start;
    if (window.end !== null && (end === undefined || Temporal.Instant.compare(window.end, end) < 0)) end = window.end;
  }
  assert(start !== undefined && end !== undefined, 'a billing period always ends');
  return { start, end };
}
