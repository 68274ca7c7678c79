import { assert, type Refusal, refuse } from '@purser/core';
import { findRate, type ModelPrice, type Money, type Usage, YOCTOS_PER_NANO } from '@purser/money';
import {
  type Fitting,
  fitSteps,
  type FittedStep,
  type Outcome,
  type Size,
  type Sizing,
  type Task,
  type TaskCall,
} from '@purser/gate';
import { finalReport, ProviderError } from '@purser/providers';

import { OWN, ownTask } from './own-policy.ts';

export interface OwnCost {
  readonly cost: Money;
  readonly counts: Readonly<Record<string, number>>;
}

/** What the host is about to do. */
export interface OwnInput extends OwnCost {
  /** What it could come to were its limit not kept; absent: no more than `cost`. */
  readonly dearest?: Money;
  /** Runs once the hold is written. Rejects with what `calledOff` makes, or with `UnknownCost`. */
  work(hold: { readonly transaction_id: string; readonly signal: AbortSignal }): Promise<OwnCost & { readonly result: unknown }>;
}

type FittedOwn = FittedStep<null>;

const NANO = 'own_nano';
const LONG_AGO = Temporal.Instant.fromEpochMilliseconds(0);

/** Nothing was spent. The host's own failures say nothing of anybody else's, so no route closes for them. */
export function calledOff(): ProviderError {
  return new ProviderError(OWN, 'the work was called off', { kind: 'refused', billed: 'no', blame: 'call' });
}

/**
 * Something may have been spent, and nobody can tell how much. It is no failure of a provider, which would be off the customer's ceiling: whoever
 * makes the host fail could spend without an end.
 */
export class UnknownCost extends Error {
  override readonly name = 'UnknownCost';
}

/** Work of the host: it says what it can cost, does it by itself, and says what it cost. */
export class OwnTask implements Task<OwnInput, Size, FittedOwn> {
  readonly name: string;
  readonly substitutes = false;
  readonly #offered: ReadonlySet<string> = new Set([OWN]);

  constructor(kind: string) {
    this.name = ownTask(kind);
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  size({ input, policy }: Sizing<OwnInput>): Size | Refusal {
    const { currency } = input.cost;
    for (const wanted of [policy.plan.price.currency, policy.catalog.credit.cost.currency]) {
      if (currency !== wanted && findRate(policy.catalog.fx, currency, wanted) === undefined)
        return refuse('invalid_request', `max_cost: no rate from ${currency} to ${wanted} is known here; want ${wanted}`);
    }
    const units = policy.catalog.quotas.filter(({ counts }) => counts.includes(this.name)).map(({ unit }) => unit);
    const strange = Object.keys(input.counts).find((unit) => !units.includes(unit));
    if (strange === undefined) return {};
    return refuse(
      'invalid_request',
      `counts: no quota of this operation counts ${strange}; want ${[...new Set(units)].join(', ')}`,
    );
  }

  fit(question: Fitting<OwnInput, Size>): FittedOwn | Refusal {
    const { input } = question;
    const price = priceIn(input, question);
    const { dearest } = input;
    const step = {
      shape: null,
      most: usageOf(input, price),
      ...(dearest !== undefined && { dearest: usageOf({ cost: dearest, counts: {} }, price) }),
    };
    return fitSteps(
      { ...question, priceOf: () => price },
      (usage) => this.counted(usage),
      () => [step],
    );
  }

  most({ most }: FittedOwn): Usage {
    return most;
  }

  costOf({ price }: FittedOwn, { units }: Usage): Money {
    return { nanos: BigInt(units?.[NANO] ?? 0), currency: price.currency };
  }

  counted({ units = {} }: Usage): Readonly<Record<string, number>> {
    const { [NANO]: _, ...counts } = units;
    return { ...counts, job: 1 };
  }

  async run({ input, fitted, transaction, signal }: TaskCall<OwnInput, FittedOwn>): Promise<Outcome<unknown>> {
    const over = Promise.withResolvers<never>();
    const end = (): void =>
      over.reject(new ProviderError(OWN, 'the time of the call is over', { kind: 'timeout', billed: 'unknown' }));
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const { result, ...spent } = await Promise.race([input.work({ transaction_id: transaction, signal }), over.promise]);
      return { result, usage: finalReport(usageOf(spent, fitted.price)), model: { name: fitted.model.name } };
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  keep(result: unknown): unknown {
    return result ?? null;
  }

  restore(kept: unknown): unknown {
    return kept;
  }
}

/** What is not said of a unit that quotas count is none of it. */
function usageOf({ cost, counts }: OwnCost, { units }: Pick<ModelPrice, 'units'>): Usage {
  const nanos = Number(cost.nanos);
  assert(Number.isSafeInteger(nanos) && nanos >= 0, `want a cost of zero to 9,007,199 ${cost.currency}`);
  const none = Object.fromEntries(Object.keys(units).map((unit) => [unit, 0]));
  return { input_tokens: 0, output_tokens: 0, units: { ...none, ...counts, [NANO]: nanos } };
}

/** A nano-unit of the currency for each nano-unit: what the host says it cost is what it cost. */
function priceIn({ cost }: OwnInput, { policy }: Fitting<OwnInput, Size>): ModelPrice {
  const free = Object.fromEntries(policy.catalog.quotas.map(({ unit }) => [unit, 0n]));
  return {
    provider: OWN,
    model: 'work',
    currency: cost.currency,
    from: LONG_AGO,
    units: { ...free, [NANO]: YOCTOS_PER_NANO },
    images: [],
    tiers: [],
    source: '',
  };
}
