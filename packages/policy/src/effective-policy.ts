import { assert } from '@purser/base';
import { type Catalogue, findPlan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { type Window, windowAt } from '@purser/meters';

import { licenceEffect } from './licence.ts';
import { textCallMeters } from './meters.ts';
import { mergeOverrides } from './merge-overrides.ts';
import type { Policy, PolicyState } from './policy.ts';

export interface PolicyQuestion {
  readonly workspace: Workspace;
  /** The version the workspace is on. */
  readonly catalogue: Catalogue;
  readonly state: PolicyState;
  readonly now: Temporal.Instant;
}

interface Cached {
  readonly policy: Policy;
  readonly state: PolicyState;
  readonly valid_from_ms: number;
  readonly valid_until_ms: number;
}

/**
 * Workspaces are frozen and replaced when they change, so the object itself is the key: a changed workspace misses,
 * and a forgotten one takes its policy with it.
 */
const cache = new WeakMap<Workspace, Cached>();

/**
 * What `workspace` may do at `now`. Cached until the workspace, the catalogue or the state is another object, or a window, an override
 * or a licence stage ends. Asserts that the catalogue has the workspace's plan.
 */
export function effectivePolicy({ workspace, catalogue, state, now }: PolicyQuestion): Policy {
  const cached = cache.get(workspace);
  const now_ms = now.epochMilliseconds;
  if (
    cached !== undefined &&
    cached.policy.catalogue === catalogue &&
    cached.state === state &&
    now_ms >= cached.valid_from_ms &&
    now_ms < cached.valid_until_ms
  ) {
    return cached.policy;
  }
  const policy = resolve({ workspace, catalogue, state, now });
  cache.set(workspace, {
    policy,
    state,
    // Outwards for the start and inwards for the end would serve a policy before its time; so the other way round.
    valid_from_ms: Math.ceil(Number(policy.valid_from.epochNanoseconds) / 1e6),
    valid_until_ms: policy.valid_until.epochMilliseconds,
  });
  return policy;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);

function resolve({ workspace, catalogue, state, now }: PolicyQuestion): Policy {
  const plan = findPlan(catalogue, workspace.plan);
  assert(plan, `workspace ${workspace.id} is on plan ${workspace.plan}, which catalogue ${catalogue.version} does not have`);
  const { anchored_at } = workspace;
  // Billing begins at the anchor, and nothing is billed before. A server whose clock is a little behind the one that made the
  // workspace must find the same first period: in an earlier one it would book the price, and grant the credits, once more.
  const early = Temporal.Instant.compare(now, anchored_at) < 0;
  // In UTC, whatever the workspace's zone: a zone that is changed would move the period, and open a second one with a ceiling of its own.
  const billing_period = windowAt('billing_period', { anchor: anchored_at, timezone: 'UTC', now: early ? anchored_at : now });
  const month = windowAt('month', { anchor: workspace.anchored_at, timezone: 'UTC', now });
  const terms = mergeOverrides({ plan, catalogue, overrides: workspace.overrides, now });
  const licence = licenceEffect({ workspace, terms: catalogue.licence, features: terms.features, now });

  const origins = new Map(terms.origins);
  for (const feature of licence.lost) origins.set(`features.${feature}`, 'licence');
  const valid = intersect([early ? { ...billing_period, start: EPOCH } : billing_period, month, terms.valid, licence.valid]);
  const { features: _, origins: __, valid: ___, ...values } = terms;
  return Object.freeze({
    ...values,
    workspace,
    catalogue,
    plan,
    features: licence.features,
    licence_stage: licence.stage,
    frozen: state.frozen,
    billing_period,
    origins,
    valid_from: valid.start,
    valid_until: valid.end,
    meters: textCallMeters({ workspace, catalogue, terms, billing_period, month }),
  });
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
