import { BrokenInvariant, isRefusal, type Refusal, refuse } from '@purser/core';
import { type ModelEntry, priceKeyOf } from '@purser/catalog';
import type { MeterSpec } from '@purser/meters';
import { findRate, type ModelPrice, multiply } from '@purser/money';
import { candidatesFor, fitRequest, type FittedRequest, type Room } from '@purser/routing';

import type { Engine } from '../deps.ts';
import type { Draft } from '../draft.ts';
import { closedRefusal, standingOf } from '../route-access.ts';

/** A draft with the models that may serve it, best first, without those whose route is closed. */
export interface Routed {
  readonly draft: Draft;
  readonly candidates: readonly ModelEntry[];
}

export function route(draft: Draft, engine: Pick<Engine, 'routes' | 'providers'>): Routed | Refusal {
  const { ask, policy, catalog, operation } = draft;
  const found = candidatesFor({
    operation,
    complexity: ask.complexity,
    policy,
    models: catalog.models,
    providersConfigured: engine.providers.configured,
    ...(ask.model === undefined ? {} : { requestedModel: ask.model }),
  });
  if (isRefusal(found)) return found;
  const unfit = ask.unfit === undefined ? [] : found.models.map(({ provider }) => ask.unfit?.(provider));
  const able = unfit.some((why) => why !== undefined)
    ? found.models.filter((_, index) => unfit[index] === undefined)
    : found.models;
  if (able.length === 0)
    return refuse(
      'invalid_request',
      `${unfit[0]} (${found.models[0]?.id} does not take it here; leave it out or name another model)`,
    );
  const states = able.map((model) => standingOf(engine, model, draft.workspace.id));
  const open = able.filter((_, index) => states[index]?.state !== 'closed');
  const [first] = open;
  if (first !== undefined) {
    const wanted = found.models[0];
    const instead =
      first === wanted
        ? []
        : [
            {
              what: `model ${first.id} instead of ${wanted?.id}`,
              why:
                unfit[0] === undefined
                  ? 'the preferred model is not asked at the moment'
                  : `the preferred model cannot do ${unfit[0]}`,
            },
          ];
    const degraded = [...found.degraded, ...instead];
    if (degraded.length === 0) return { draft, candidates: open };
    return { draft: { ...draft, degraded: [...draft.degraded, ...degraded] }, candidates: open };
  }
  const soonest = states.toSorted((a, b) => a.retry_ms - b.retry_ms)[0];
  if (soonest === undefined) throw new BrokenInvariant('routing found no model and did not refuse');
  return closedRefusal(
    able.map((model) => model.id),
    soonest,
  );
}

/** How much is left where a hold did not fit, so that the request may be made to fit. */
export interface Left {
  readonly rooms: readonly Room[];
  readonly tokens?: bigint;
  /** Which quota leaves so few tokens. */
  readonly tokens_of?: MeterSpec;
  /** Credits the grants have left, where the rest of what a call needs is paid as one goes. */
  readonly granted?: bigint;
  /** The most that a provider may bill for the call, where what is under way leaves less than it could. */
  readonly dearest?: Room;
}

/** Fits the request to the first candidate it can fit: output clamped, else a cheaper model, else refused. */
export function fit(draft: Draft, candidates: readonly ModelEntry[], left: Left): FittedRequest | Refusal {
  const { ask, catalog, policy } = draft;
  if (ask.cost_max) {
    const currency = ask.cost_max.currency;
    const foreign = candidates
      .map((model) => priceOf(draft, model))
      .find((price) => price && !findRate(catalog.fx, price.currency, currency));
    if (foreign)
      return refuse(
        'invalid_request',
        `max_cost: no rate from ${foreign.currency} to ${currency} is known here; want ${foreign.currency}`,
      );
  }
  const credits: Room = {
    left: multiply(catalog.credit.cost, policy.request.credits_max),
    code: 'request_too_large',
    name: `the plan’s ${policy.request.credits_max} credits a request`,
  };
  const asked: Room[] = ask.cost_max ? [{ left: ask.cost_max, code: 'request_too_large', name: 'max_cost' }] : [];
  return fitRequest({
    candidates,
    priceOf: (model) => priceOf(draft, model),
    input_tokens_max: draft.bounds.input_tokens_max,
    output_tokens_asked: draft.output_tokens,
    rooms: [credits, ...asked, ...left.rooms],
    ...(left.dearest && { dearest_room: left.dearest }),
    ...(left.tokens === undefined ? {} : { tokens_left: left.tokens }),
    fx: catalog.fx,
  });
}

/** The offline provider costs nothing; it is booked under the plan's stand-in price, so that every rule can be seen at work. */
function priceOf({ catalog, policy, now }: Draft, model: ModelEntry): ModelPrice | undefined {
  return catalog.prices.findByKey(priceKeyOf(policy.plan, model), now);
}
