import { createHash } from 'node:crypto';

import { assert, type WorkspaceId } from '@purser/core';
import type { Catalog, QuotaDefinition, Quotas } from '@purser/catalog';
import { type MeterSpec, type Window, windowAt } from '@purser/meters';

/** Of a policy, what its quotas depend on. */
export interface QuotaTerms {
  readonly workspace: { readonly id: WorkspaceId; readonly timezone: string };
  readonly catalog: Pick<Catalog, 'quotas'>;
  readonly quotas: Quotas;
  readonly billing_period: Window;
}

export interface QuotaPlace {
  readonly now: Temporal.Instant;
  /** The user, the platform or the resource, for a quota that counts by it. */
  readonly of?: string;
  /** When the resource was made: its window begins there and never ends. */
  readonly made_at?: Temporal.Instant;
}

/**
 * The meter of a quota, as a leg of a hold takes it; undefined where the plan does not limit it. Days and weeks (from Monday) are those
 * of the workspace’s zone, months those of its billing. The same on every server. Asserts that the quota is one that counts over time.
 */
export function quotaMeter(quota: string, terms: QuotaTerms, place: QuotaPlace): MeterSpec | undefined {
  const definition = terms.catalog.quotas.find(({ key }) => key === quota);
  assert(definition, `there is no quota ${quota}`);
  return meterOf(definition, terms, place);
}

export function meterOf(definition: QuotaDefinition, terms: QuotaTerms, place: QuotaPlace): MeterSpec | undefined {
  const { key, unit, window: kind, scope, meter = key } = definition;
  const cap = terms.quotas[key];
  if (cap === undefined) return undefined;
  assert(kind !== 'none', `the quota ${key} is no counter over time`);
  const { workspace } = terms;
  const anchor = place.made_at ?? place.now;
  const window =
    kind === 'billing_period' ? terms.billing_period : windowAt(kind, { anchor, timezone: workspace.timezone, now: place.now });
  return Object.freeze({
    workspace: workspace.id,
    key: scope === 'workspace' ? meter : `${meter}:${short(place.of ?? '')}`,
    unit,
    class: 'quota',
    window_start: window.start,
    window_end: window.end,
    cap,
  });
}

/** A key is part of an index: a name of any length is in it by its hash. */
function short(name: string): string {
  return name.length <= 100 ? name : createHash('sha256').update(name).digest('hex');
}

/** Which quota a meter counts for; undefined for credits, cost and all else that is no quota of the catalog. */
export function quotaOf(
  { quotas }: Pick<Catalog, 'quotas'>,
  meter: Pick<MeterSpec, 'key' | 'class'>,
): QuotaDefinition | undefined {
  if (meter.class !== 'quota') return undefined;
  const colon = meter.key.indexOf(':');
  const base = colon === -1 ? meter.key : meter.key.slice(0, colon);
  return quotas.find((quota) => (quota.meter ?? quota.key) === base && (quota.scope === 'workspace') === (colon === -1));
}
