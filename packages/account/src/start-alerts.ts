import { type Clock, PLATFORM, type Repetition } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Settings } from '@purser/settings';
import type { Catalog } from '@purser/catalog';
import type { Identity } from '@purser/identity';
import type { Meters, MeterSpec } from '@purser/meters';
import { currency, zero } from '@purser/money';
import { type AlertSource, type NewAlert, startAlerts, type Watch, type Watched } from '@purser/notify';
import { EVERY_TASK, type Lowered, metersFor, type Policies, type Policy, quotaOf } from '@purser/policy';
import { allocationMeter, listAllocations } from '@purser/wallet';
import type { Log } from '@purser/log';
import { smtpMail } from '@purser/mail';

const SEND_TIMEOUT_MS = 10_000;

/** Looks for what is worth telling, and tells it: workspaces by their policies, the shared budget, and what modules tell. */
export function startServerAlerts(parts: {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly identity: Identity;
  readonly policies: Policies;
  readonly meters: Meters;
  /** What modules tell. */
  readonly sources: readonly AlertSource[];
}): Repetition {
  const { pool, clock, log, settings, meters, sources } = parts;
  const { smtp_url, from } = settings.mail;
  return startAlerts({
    pool,
    clock,
    log,
    meters,
    watch: watchBy(parts),
    sources,
    timeout_ms: SEND_TIMEOUT_MS,
    private_allowed: settings.webhooks_inside,
    tells_cost: parts.catalog.customer_view === 'cost',
    ...(smtp_url !== undefined && { mail: smtpMail({ url: smtp_url, from, timeout_ms: SEND_TIMEOUT_MS }) }),
  });
}

function watchBy({
  pool,
  identity,
  policies,
  catalog,
}: {
  pool: Pool;
  identity: Identity;
  policies: Policies;
  catalog: Catalog;
}): Watch {
  // A policy is another object when the workspace is, and that is so when an allocation changes.
  const allocations = new WeakMap<Policy, readonly MeterSpec[]>();
  return async (id, now) => {
    if (id === PLATFORM) return platform(catalog, now);
    const workspace = await identity.workspace(id);
    if (workspace === undefined) return undefined;
    const policy = await policies.load(workspace, now);
    let allocated = allocations.get(policy);
    if (allocated === undefined) allocations.set(policy, (allocated = await allocatedMeters(pool, policy)));
    return ofPolicy(policy, allocated, now);
  };
}

/** What is allocated to members and teams, each a meter of its own. */
async function allocatedMeters(pool: Pool, policy: Policy): Promise<readonly MeterSpec[]> {
  const allocated = await listAllocations(pool, policy.workspace.id);
  return allocated.flatMap((one) => (one.credits === null ? [] : [allocationMeter(policy, one, one.credits)]));
}

function ofPolicy(policy: Policy, allocated: readonly MeterSpec[], now: Temporal.Instant): Watched {
  const { catalog, billing_period, cost_cap, abuse } = policy;
  return {
    // Of no user: what is counted by user is told to the user, when a call is refused.
    meters: metersFor(EVERY_TASK, policy, { allocated }, now),
    timezone: policy.workspace.timezone,
    nameOf: (meter) => quotaOf(catalog, meter)?.label,
    thresholds: catalog.alerts,
    period_start: billing_period.start,
    cost_cap,
    ...(abuse && { credits_hour_max: abuse.credits_hour_alert }),
    alerts: policy.lowered.map((lowered) => loweredAlert(policy, lowered)),
  };
}

/** Told once a billing period, whoever brought the overrides and the plan together: a customer, an operator, a rollout, a new catalog. */
function loweredAlert({ workspace, plan, billing_period }: Policy, { name, agreed, holds }: Lowered): NewAlert {
  const what = name === 'ceiling' ? 'cost ceiling' : 'price of pay-as-you-go credits';
  return {
    workspace: workspace.id,
    kind: 'overrides',
    subject: `${name} ${agreed} on ${plan.code}`,
    window_start: billing_period.start,
    severity: 'warning',
    title: `The ${what} agreed with ${workspace.name} is lowered`,
    text: `${agreed} was agreed, but the plan ${plan.code} pays for ${holds} only, so that applies. Change the overrides of the workspace, or accept the loss on this plan with accepted_loss.`,
  };
}

/** What everybody shares comes as a meter with each workspace that takes from it. */
function platform({ globalBudget, alerts }: Catalog, now: Temporal.Instant): Watched {
  return {
    meters: [],
    timezone: 'UTC',
    thresholds: alerts,
    period_start: now.toZonedDateTimeISO('UTC').with({ day: 1 }).startOfDay().toInstant(),
    cost_cap: globalBudget?.amount ?? zero(currency('USD')),
  };
}
