import { chargesCredits, creditsFor } from '@purser/catalog';
import { newId } from '@purser/database';
import type { HoldRequest, Leg } from '@purser/meters';
import { convertCost } from '@purser/money';

import type { Fitted } from '../tasks/task.ts';
import { type Amounts, amountFor, chargeOf, countsCredits, takesFrom } from './amounts.ts';
import type { SizedDraft } from './draft.ts';

/** A call that has its worst case reserved: from here on it may reach a provider. */
export interface Held<F extends Fitted = Fitted> {
  readonly draft: SizedDraft;
  readonly fitted: F;
  readonly hold: HoldRequest;
}

/** Builds the hold of a fitted draft: one leg for each meter it takes from, all or nothing. */
export function holdFor(draft: SizedDraft, fitted: Fitted, expires_at: Temporal.Instant, granted?: bigint): Held {
  const { policy, catalog, ask } = draft;
  const credits = creditsFor(catalog, draft.operation, fitted.worst_cost);
  const amounts: Amounts = {
    cost: fitted.worst_cost,
    dearest_cost: fitted.dearest_cost,
    counted: ask.task.counted(ask.task.most(fitted)),
    in_flight: 1n,
    credits: chargeOf(credits, granted ?? credits),
  };
  const legs: Leg[] = [];
  const { exposure_meter } = policy;
  const charged = chargesCredits(draft.operation);
  for (const meter of draft.meters) {
    if (!takesFrom(meter, granted) || (!charged && countsCredits(meter))) continue;
    legs.push({ meter, amount: amountFor(meter, amounts, catalog.fx) });
    if (meter.class !== 'cost' || meter.unit !== exposure_meter.unit || meter.workspace !== exposure_meter.workspace) continue;
    legs.push({ meter: exposure_meter, amount: amountFor(exposure_meter, amounts, catalog.fx), exposure: true });
  }
  const reported = convertCost(fitted.worst_cost, policy.plan.price.currency, catalog.fx);
  return {
    draft,
    fitted,
    hold: {
      id: newId<'hold'>(),
      workspace: draft.workspace.id,
      expires_at,
      legs,
      plan: policy.plan.code,
      provider: fitted.model.provider,
      cost: { amount: fitted.worst_cost.nanos, unit: fitted.worst_cost.currency },
      reported: { amount: reported.nanos, unit: reported.currency },
      ...(ask.idempotency ? { idempotency: ask.idempotency } : {}),
    },
  };
}
