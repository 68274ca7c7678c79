import { allowedModels, type ModelEntry, priceKeyOf, type QuotaKey } from '@purser/catalog';
import type { Meters, MeterState } from '@purser/meters';
import { convertCost, type Currency, isUnpriced, type Money, money, multiply, worstCaseCost } from '@purser/money';
import { type Degradation, metersFor, type Policy } from '@purser/policy';
import type { ImageQuality } from '@purser/providers';
import { OFFLINE } from '@purser/routing';

import { billedDrawing, drawingUsage } from './image-billing.ts';

/** What may be asked for right now, by plan, levels and what is left of the money (S5). */
export interface AllowedParameters {
  /** Images of one gallery: 30, 20, 10 or none. */
  readonly candidate_count_allowed: number;
  /** Of final images; candidates are always of low quality. */
  readonly quality_allowed: ImageQuality;
  readonly new_batch_allowed: boolean;
  readonly finalize_max_allowed: number;
  readonly output_tokens_allowed: number;
  /** The most that so many candidates, or finals, can cost; null where no price is known, and then none are allowed. */
  readonly candidates_cost: Money | null;
  readonly finals_cost: Money | null;
  readonly degraded: readonly Degradation[];
}

/** Galleries come in tens: a thirty, a twenty, a ten. */
const GALLERY_STEP = 10;
const GALLERY_MAX = 30;
const SIZE = '1024x1024';
/** What the prompt of one image is reckoned at; the hold before the call knows the real one. */
const PROMPT_TOKENS = 1_000;
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** Reads what is left of the meters once, and reckons what fits. `drawers`: the providers that draw. Nothing is reserved: the hold decides. */
export async function estimateLimits(
  meters: Pick<Meters, 'read'>,
  policy: Policy,
  drawers: ReadonlySet<string>,
  now: Temporal.Instant,
): Promise<AllowedParameters> {
  const states = await meters.read(metersFor('image', policy, {}, now));
  const model = imageModel(policy, drawers);
  const quality = policy.image_quality_max ?? 'high';
  const low = model && priceOf(policy, model, 'low', now);
  const final = model && priceOf(policy, model, quality, now);
  const on = policy.features.has('images');
  const candidates = on ? Math.min(quotaOf(policy, 'candidates_batch'), affordable(policy, states, low), GALLERY_MAX) : 0;
  const gallery = candidates - (candidates % GALLERY_STEP);
  const finals = on ? Math.min(quotaOf(policy, 'finals_post'), affordable(policy, states, final)) : 0;
  return {
    candidate_count_allowed: gallery,
    quality_allowed: quality,
    new_batch_allowed: gallery > 0 && quotaOf(policy, 'candidate_batches_post') > 1,
    finalize_max_allowed: finals,
    output_tokens_allowed: policy.request.output_tokens_max,
    candidates_cost: low ? multiply(low, BigInt(gallery)) : null,
    finals_cost: final ? multiply(final, BigInt(finals)) : null,
    degraded: [...policy.degraded.values()],
  };
}

function quotaOf({ quotas }: Policy, key: QuotaKey): number {
  const quota = quotas[key];
  return quota === undefined ? UNLIMITED : Number(quota);
}

/** The model of first choice of those that are drawn with, or the offline one where there is none. */
function imageModel(policy: Policy, drawers: ReadonlySet<string>): ModelEntry | undefined {
  const { models } = policy.catalog;
  return (
    allowedModels(models, policy, 'image').find(({ provider }) => drawers.has(provider)) ??
    models.find(({ provider, task }) => provider === OFFLINE && task === 'image')
  );
}

function priceOf(policy: Policy, model: ModelEntry, quality: ImageQuality, now: Temporal.Instant): Money | undefined {
  const price = policy.catalog.prices.findByKey(priceKeyOf(policy.plan, model), now);
  if (price === undefined) return undefined;
  const drawing = { count: 1, size: SIZE, quality, input_tokens: PROMPT_TOKENS, image_input_tokens: 0 };
  const cost = worstCaseCost(price, billedDrawing(price, drawingUsage(price, model, drawing)));
  return isUnpriced(cost) ? undefined : cost;
}

/** How many at that price fit into every meter of money and credits that the workspace draws on. */
function affordable(policy: Policy, states: readonly MeterState[], each: Money | undefined): number {
  if (each === undefined) return 0;
  const { fx, credit } = policy.catalog;
  let most = UNLIMITED;
  for (const state of states) {
    const left = state.cap - state.held - state.used - state.unreconciled - state.overrun;
    const room =
      state.class === 'cost'
        ? money(left, state.unit as Currency)
        : state.class === 'credit'
          ? multiply(credit.cost, left > 0n ? left : 0n)
          : undefined;
    if (room === undefined) continue;
    const cost = convertCost(each, room.currency, fx).nanos;
    if (cost === 0n) continue;
    most = Math.min(most, room.nanos <= 0n ? 0 : Number(room.nanos / cost));
  }
  return most;
}
