import { createHash } from 'node:crypto';

import type { WorkspaceId } from '@purser/core';
import type { QuotaKey, Quotas } from '@purser/catalog';
import { type MeterSpec, type Window, windowAt, type WindowKind } from '@purser/meters';

/**
 * The quotas that are meters made here: all but the month of tokens and jobs, which every policy counts, and those that are no counter
 * over time (how many businesses, platforms and teams there may be, how many candidates one request may ask for).
 */
type MeteredQuota = Exclude<QuotaKey, 'tokens_month' | 'jobs_month' | 'businesses' | 'platforms' | 'teams' | 'candidates_batch'>;

interface Form {
  readonly unit: string;
  readonly window: WindowKind;
  /** What it counts by within the workspace. */
  readonly by?: 'user' | 'platform' | 'resource';
}

const FORMS: Readonly<Record<MeteredQuota, Form>> = {
  tokens_week: { unit: 'token', window: 'week' },
  tokens_day: { unit: 'token', window: 'day' },
  tokens_user_day: { unit: 'token', window: 'day', by: 'user' },
  jobs_week: { unit: 'job', window: 'week' },
  jobs_day: { unit: 'job', window: 'day' },
  jobs_user_day: { unit: 'job', window: 'day', by: 'user' },
  images_month: { unit: 'image', window: 'billing_period' },
  audio_seconds_month: { unit: 'second', window: 'billing_period' },
  video_minutes_month: { unit: 'minute', window: 'billing_period' },
  emails_month: { unit: 'email', window: 'billing_period' },
  emails_day: { unit: 'email', window: 'day' },
  emails_user_day: { unit: 'email', window: 'day', by: 'user' },
  posts_platform_week: { unit: 'post', window: 'week', by: 'platform' },
  candidate_batches_post: { unit: 'batch', window: 'resource', by: 'resource' },
  finals_post: { unit: 'image', window: 'resource', by: 'resource' },
  finalizations_post: { unit: 'finalization', window: 'resource', by: 'resource' },
};

/** Of a policy, what its quotas depend on. */
export interface QuotaTerms {
  readonly workspace: { readonly id: WorkspaceId; readonly timezone: string };
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
 * of the workspace’s zone, months those of its billing. The same on every server.
 */
export function quotaMeter(quota: MeteredQuota, terms: QuotaTerms, place: QuotaPlace): MeterSpec | undefined {
  const cap = terms.quotas[quota];
  if (cap === undefined) return undefined;
  const { unit, window: kind, by } = FORMS[quota];
  const { workspace } = terms;
  const anchor = place.made_at ?? place.now;
  const window =
    kind === 'billing_period' ? terms.billing_period : windowAt(kind, { anchor, timezone: workspace.timezone, now: place.now });
  const key = by === undefined ? quota : `${quota}:${short(place.of ?? '')}`;
  return Object.freeze({
    workspace: workspace.id,
    key,
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

/** The longest window first: a call that several refuse hears of the longest wait. */
const OF_CALLS = ['tokens_week', 'jobs_week', 'tokens_day', 'jobs_day'] as const;
const OF_USERS = ['tokens_user_day', 'jobs_user_day'] as const;

/** Good from the latest start to the first end: a clock may go back. */
interface Kept {
  readonly from_ms: number;
  readonly until_ms: number;
  readonly meters: readonly MeterSpec[];
}
const kept = new WeakMap<QuotaTerms, Kept>();

/** What a text call takes from besides the meters of its policy: the quotas of the week, the day and its user’s day. Undefined: none. */
export function callQuotas(terms: QuotaTerms, user: string, now: Temporal.Instant): readonly MeterSpec[] | undefined {
  let known = kept.get(terms);
  const now_ms = now.epochMilliseconds;
  if (known === undefined || now_ms < known.from_ms || now_ms >= known.until_ms) {
    const meters = metersOf(OF_CALLS, terms, { now });
    const starts = meters.map(({ window_start }) => window_start.epochMilliseconds);
    const ends = meters.map(({ window_end }) => window_end?.epochMilliseconds ?? Infinity);
    kept.set(terms, (known = { from_ms: Math.max(-Infinity, ...starts), until_ms: Math.min(Infinity, ...ends), meters }));
  }
  const own = OF_USERS.some((quota) => terms.quotas[quota] !== undefined) ? metersOf(OF_USERS, terms, { now, of: user }) : [];
  if (own.length === 0) return known.meters.length === 0 ? undefined : known.meters;
  return [...known.meters, ...own];
}

function metersOf(quotas: readonly MeteredQuota[], terms: QuotaTerms, place: QuotaPlace): MeterSpec[] {
  return quotas.flatMap((quota) => quotaMeter(quota, terms, place) ?? []);
}
