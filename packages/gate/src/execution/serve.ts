import { type HoldId, isRefusal, type Refusal } from '@purser/core';
import { ProviderError } from '@purser/providers';

import { admit, type Cleared } from '../admission/admit.ts';
import type { Held } from '../admission/held.ts';
import { routeStatusOf } from '../admission/route-status.ts';
import type { Engine } from '../deps.ts';
import type { Fitted } from '../tasks/task.ts';
import { CallTime } from './call-time.ts';
import { endFailed, startOf } from './failure.ts';
import type { Kept } from './kept.ts';
import { isCallersOwn } from './provider-failure.ts';
import { replayOf } from './replay.ts';
import { claimRoute, proveRoute } from './route-access.ts';
import type { Serving } from './serving.ts';

/**
 * Holds, lets `call` reach the provider, and on failure falls back along the candidates, each with a hold and so a budget check
 * of its own. `call` settles what it serves; when it throws, its hold is ended here by what the provider may have billed.
 */
export async function serve<T, F extends Fitted>(
  engine: Engine,
  cleared: Cleared,
  { signal, stream }: { readonly signal: AbortSignal; readonly stream: boolean },
  call: (serving: Serving<F>) => Promise<T>,
  replay: (kept: Kept) => T,
): Promise<T | Refusal> {
  let failure: Refusal | undefined;
  let { candidates, draft } = cleared;
  while (candidates.length > 0) {
    const step = await admit(engine, { draft, candidates });
    if (isRefusal(step)) return failure ?? step;
    if ('replay' in step) {
      const found = await replayOf(engine, step.replay as HoldId, cleared.deadline_ms);
      if (found === 'again') continue;
      return isRefusal(found) ? found : replay(found);
    }
    const time = new CallTime(signal, cleared.deadline_ms, engine.drain.timeout_ms);
    // The task that answers has fitted the request itself.
    let serving: Serving<F> = { held: step as Held<F>, start: startOf(engine), time };
    const { model } = step.fitted;
    try {
      // The last look before a provider is called: the hold took its time.
      if (routeStatusOf(engine, draft.ask.task, model, step.hold.workspace).state !== 'open') {
        serving = { ...serving, probe: await claimRoute(engine, step) };
        await proveRoute(engine, serving, stream);
      }
      return await call(serving);
    } catch (error) {
      time.end();
      failure = await endFailed(engine, serving, error);
      if (time.clientLeft || performance.now() >= cleared.deadline_ms || isCallersOwn(error)) return failure;
      const again = error instanceof ProviderError && error.another_key;
      candidates = candidates.slice(candidates.indexOf(model) + (again ? 0 : 1));
      // The same model by another key of its provider is what was asked for.
      if (again) continue;
      draft = { ...draft, degraded: [...draft.degraded, { what: `another model than ${model.id}`, why: failure.detail }] };
    }
  }
  return failure as Refusal;
}
