import { describeMissing, entriesAfter, type Entry, missingAfter } from '@purser/audit';
import { type Clock, PLATFORM, type Repetition } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Settings } from '@purser/settings';
import type { Catalog } from '@purser/catalog';
import type { Identity } from '@purser/identity';
import { type LicenseChange, licenseChanges } from '@purser/license';
import type { Meters, MeterSpec } from '@purser/meters';
import { currency, zero } from '@purser/money';
import { type AlertSource, createMailer, type NewAlert, startAlerts, type Watch, type Watched } from '@purser/notify';
import { EVERY_TASK, type Lowered, metersFor, type Policies, type Policy, quotaOf } from '@purser/policy';
import { type ClosedReason, type ClosedRoute, closedLately } from '@purser/routing';
import { allocationMeter, listAllocations } from '@purser/wallet';

import type { BackgroundLog } from './background-log.ts';

const SEND_TIMEOUT_MS = 10_000;

/** Looks for what is worth telling, and tells it: workspaces by their policies, the shared budget, license changes. */
export function startServerAlerts(parts: {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: BackgroundLog;
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly identity: Identity;
  readonly policies: Policies;
  readonly meters: Meters;
}): Repetition {
  const { pool, clock, log, settings, meters } = parts;
  const { smtp_url, from } = settings.mail;
  return startAlerts({
    pool,
    clock,
    log,
    meters,
    watch: watchBy(parts),
    sources: [LICENSES, ROUTES, MISSING, PAYMENTS],
    timeout_ms: SEND_TIMEOUT_MS,
    private_allowed: settings.webhooks_inside,
    tells_cost: parts.catalog.customer_view === 'cost',
    ...(smtp_url !== undefined && { mailer: createMailer({ url: smtp_url, from, timeout_ms: SEND_TIMEOUT_MS }) }),
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
    nameOf: (meter) => quotaOf(catalog, meter)?.label,
    thresholds: catalog.alerts,
    period_start: billing_period.start,
    cost_cap,
    ...(abuse && { credits_hour_max: abuse.credits_hour_alert }),
    alerts: policy.lowered.map((lowered) => loweredAlert(policy, lowered)),
  };
}

/** Told once a billing period, whoever brought the overrides and the plan together: a customer, an operator, a roll-out, a new catalog. */
function loweredAlert({ workspace, plan, billing_period }: Policy, { name, agreed, holds }: Lowered): NewAlert {
  const what = name === 'ceiling' ? 'cost ceiling' : 'price of credits paid as one goes';
  return {
    workspace: workspace.id,
    kind: 'overrides',
    subject: `${name} ${agreed} on ${plan.code}`,
    window_start: billing_period.start,
    severity: 'warning',
    title: `The ${what} agreed with ${workspace.name} is lowered`,
    text: `${agreed} was agreed, and the plan ${plan.code} pays for ${holds}: that holds. Change the overrides of the workspace, or agree to the loss beside this plan with accepted_loss.`,
  };
}

/** What everybody shares comes as a meter with each workspace that takes from it. */
function platform({ globalBudget, alerts }: Catalog, now: Temporal.Instant): Watched {
  return {
    meters: [],
    thresholds: alerts,
    period_start: now.toZonedDateTimeISO('UTC').with({ day: 1 }).startOfDay().toInstant(),
    cost_cap: globalBudget?.amount ?? zero(currency('USD')),
  };
}

const LICENSES: AlertSource = {
  name: 'license',
  async after(connection, position) {
    const changes = await licenseChanges(connection, `${position.xid}.${position.id}`);
    const [xid = position.xid, id = position.id] = changes.at(-1)?.cursor.split('.').map(BigInt) ?? [];
    return { rows: changes.length, through: { xid, id }, alerts: changes.map(licenseAlert) };
  },
};

/** A fail-over or a restore that left out what was committed. */
const MISSING: AlertSource = {
  name: 'missing',
  async after(connection, position, rows_max) {
    const { rows, through, found } = await missingAfter(connection, position, rows_max);
    return { rows, through, alerts: found.map(missingAlert) };
  },
};

function missingAlert(missing: Awaited<ReturnType<typeof missingAfter>>['found'][number]): NewAlert {
  return {
    workspace: PLATFORM,
    kind: 'missing',
    subject: 'books',
    window_start: missing.through,
    severity: 'critical',
    title: 'Entries of the books are missing',
    text: describeMissing(missing),
  };
}

function licenseAlert({ workspace, from, to, at, why, what_to_do }: LicenseChange): NewAlert {
  return {
    workspace,
    kind: 'license',
    subject: `license ${from} to ${to}`,
    window_start: at,
    severity: to === 'active' ? 'info' : to === 'grace' ? 'warning' : 'critical',
    title: licenseTitle(from, to),
    text: `${why} ${what_to_do}`,
  };
}

function licenseTitle(from: LicenseChange['from'], to: LicenseChange['to']): string {
  if (to === 'active') return 'Everything your plan includes is on again';
  return from === to ? 'More is off because a payment is open' : `The license is now “${to}”`;
}

/** What the audit log says of payments that somebody should look at. */
const PAYMENTS: AlertSource = {
  name: 'payment',
  async after(connection, position, rows_max) {
    const { rows, through, found } = await entriesAfter(connection, position, rows_max, Object.keys(PAYMENT_TITLES));
    return { rows, through, alerts: found.map(paymentAlert) };
  },
};

const PAYMENT_TITLES: Readonly<Record<string, string>> = {
  'subscription.second': 'A workspace pays for two subscriptions',
  'overrides.lowered': 'A change of plan lowered what was agreed',
};

function paymentAlert({ workspace, action, at, detail }: Entry): NewAlert {
  return {
    workspace: workspace ?? PLATFORM,
    kind: 'payment',
    subject: action,
    window_start: at,
    severity: 'warning',
    title: PAYMENT_TITLES[action] ?? action,
    text: typeof detail['text'] === 'string' ? detail['text'] : '',
  };
}

const ROUTE_TITLES: Readonly<Record<ClosedReason, (what: string) => string>> = {
  overrun: (what) => `The model ${what} is closed`,
  failing: (what) => `${what} fails and is not called for a while`,
  key: (what) => `${what} refuses our key`,
  unresolved: (what) => `Too much is unresolved with ${what}`,
};
const ROUTE_TEXTS: Readonly<Record<ClosedReason, string>> = {
  overrun:
    'No call goes there until a probe has shown that it keeps the output limit; the setting …_OUTPUT_LIMIT names what its server calls that limit.',
  failing: 'One call tries it again now and then; the others go to the next provider of their plan, or are refused with a wait.',
  key: 'Check its key, its balance and what the key may be used for. One call tries it again now and then.',
  unresolved:
    'It is not called until that is resolved (`purser unresolved`, or POST /api/admin/unresolved/resolve) or the hour has passed.',
};

/** Told once an hour for each model or provider and reason, however often it closes and opens. */
const ROUTES: AlertSource = {
  name: 'route',
  async after(connection, position) {
    const closed = await closedLately(connection);
    return { rows: 0, through: position, alerts: closed.map(routeAlert) };
  },
};

function routeAlert({ provider, model, reason, why, at, for_everybody }: ClosedRoute): NewAlert {
  const what = model ?? provider;
  const whom = for_everybody ? '' : ' Only workspaces whose own calls fail are kept away; the others are let through.';
  return {
    workspace: PLATFORM,
    kind: reason === 'overrun' ? 'overrun' : 'provider',
    subject: `${reason === 'overrun' ? 'model' : reason} ${what}`,
    window_start: at.round({ smallestUnit: 'hour', roundingMode: 'floor' }),
    severity: reason === 'failing' ? 'warning' : 'critical',
    title: ROUTE_TITLES[reason](what),
    text: `${why}${reason === 'overrun' ? '.' : ''} ${ROUTE_TEXTS[reason]}${whom}`,
  };
}
