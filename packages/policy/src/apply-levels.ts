import { type Lane, LANES, MODEL_CLASSES, type ModelClass, type QuotaKey, type LevelEffects } from '@purser/catalog';

import { effectsOf, reasonOf } from './ladder.ts';
import type { Terms } from './merge-overrides.ts';
import type { Degradation, Origin, Policy } from './policy.ts';
import type { ActiveLevel } from './workspace-state.ts';

type Before = Omit<Terms, 'features'> & { readonly features: ReadonlySet<string> };
type After = Before & Pick<Policy, 'model_class_max' | 'image_quality_max' | 'offers' | 'degraded'>;

type Quality = NonNullable<LevelEffects['image_quality']>;
const QUALITIES: readonly Quality[] = ['low', 'medium', 'high'];

/** Two batches of candidates are one and the extra one. */
const BATCHES_WITHOUT_EXTRA = 1n;

/**
 * Terms ⊕ levels: each level only ever tightens. What it changes is named in `degraded` with the reason, and in `origins`; what
 * the plan does not give anyway is no change.
 */
export function applyLevels(terms: Before, levels: readonly ActiveLevel[], origins: Map<string, Origin>): After {
  const changes = new Changes(terms, origins);
  for (const { ladder, level } of levels) changes.tighten(effectsOf(ladder, level), reasonOf(ladder, level));
  return changes.result();
}

class Changes {
  readonly #terms: Before;
  readonly #origins: Map<string, Origin>;
  readonly #degraded = new Map<string, Degradation>();
  readonly #features: Set<string>;
  readonly #quotas: { -readonly [key in QuotaKey]?: bigint };
  #output_tokens_max: number;
  #priority: Lane;
  #model_class_max: ModelClass | undefined;
  #image_quality_max: Quality | undefined;
  #offers = false;

  constructor(terms: Before, origins: Map<string, Origin>) {
    this.#terms = terms;
    this.#origins = origins;
    this.#features = new Set(terms.features);
    this.#quotas = { ...terms.quotas };
    this.#output_tokens_max = terms.request.output_tokens_max;
    this.#priority = terms.priority;
  }

  tighten(effects: LevelEffects, why: string): void {
    const { model_class_max, output_tokens_max, lane, image_quality, candidates_max, finals_max, new_batch, quotas } = effects;
    if (model_class_max !== undefined && isLower(MODEL_CLASSES, model_class_max, this.#model_class_max ?? 'large')) {
      this.#model_class_max = model_class_max;
      this.#say('model_class_max', `models of class ${model_class_max} at most`, why);
    }
    if (output_tokens_max !== undefined && output_tokens_max < this.#output_tokens_max) {
      this.#output_tokens_max = output_tokens_max;
      this.#say('request.output_tokens_max', `answers of ${output_tokens_max} tokens at most`, why);
    }
    if (lane !== undefined && LANES.indexOf(lane) > LANES.indexOf(this.#priority)) {
      this.#priority = lane;
      this.#say('priority', `the lane ${lane}`, why);
    }
    if (image_quality !== undefined && isLower(QUALITIES, image_quality, this.#image_quality_max ?? 'high')) {
      this.#image_quality_max = image_quality;
      this.#say('image_quality_max', `images of quality ${image_quality} at most`, why);
    }
    if (candidates_max !== undefined) this.#quota('candidates_batch', BigInt(candidates_max), why);
    if (finals_max !== undefined) this.#quota('finals_post', BigInt(finals_max), why);
    if (new_batch === false) this.#quota('candidate_batches_post', BATCHES_WITHOUT_EXTRA, why);
    for (const [key, most] of Object.entries((quotas ?? {}) as Readonly<Record<string, bigint>>))
      this.#quota(key as QuotaKey, most, why);
    for (const feature of effects.pause ?? []) {
      if (this.#features.delete(feature)) this.#say(`features.${feature}`, `no ${feature}`, why);
    }
    this.#offers ||= effects.offer === true;
  }

  #quota(key: QuotaKey, most: bigint, why: string): void {
    const now = this.#quotas[key];
    if (now !== undefined && now <= most) return;
    this.#quotas[key] = most;
    this.#say(`quotas.${key}`, `${key} ${most}`, why);
  }

  #say(name: string, what: string, why: string): void {
    this.#degraded.set(name, Object.freeze({ what, why }));
    this.#origins.set(name, 'level');
  }

  result(): After {
    return {
      ...this.#terms,
      features: this.#features,
      quotas: this.#quotas,
      request: { ...this.#terms.request, output_tokens_max: this.#output_tokens_max },
      priority: this.#priority,
      ...(this.#model_class_max && { model_class_max: this.#model_class_max }),
      ...(this.#image_quality_max && { image_quality_max: this.#image_quality_max }),
      offers: this.#offers,
      degraded: this.#degraded,
    };
  }
}

function isLower<T>(order: readonly T[], a: T, b: T): boolean {
  return order.indexOf(a) < order.indexOf(b);
}
