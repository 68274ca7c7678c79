import type { ModelEntry } from '@purser/catalog';
import { type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Probe, Route, RouteStatus } from '@purser/routing';

import type { Engine } from '../deps.ts';
import type { Task } from '../tasks/task.ts';

export function routeOf({ provider, id }: ModelEntry): Route {
  return { provider, model: id };
}

/** How the route to a model stands for a call of the workspace. `probe`: of the call that asks, if it is the one that tries it. */
export function routeStatusOf(
  { routes }: Pick<Engine, 'routes'>,
  { limits }: Task,
  model: ModelEntry,
  workspace: WorkspaceId,
  probe?: Probe,
): RouteStatus {
  // A provider of which nothing else is known keeps the limits that are sent.
  return routes.of(routeOf(model), workspace, limits?.documented(model.provider) ?? true, probe);
}

/** Why a model is closed is for operators: it may name a call of another workspace. */
export function closedRefusal(models: readonly string[], { reason, retry_ms }: RouteStatus): Refusal {
  const seconds = Math.max(1, Math.ceil(retry_ms / 1000));
  const wait = { retryAfterSeconds: seconds };
  const names = models.join(', ');
  if (reason !== null && reason !== 'overrun')
    return refuse(
      'provider_failed',
      `${names} fails at the moment and is not called; nothing was charged. Try again in ${seconds} s`,
      wait,
    );
  return refuse(
    'no_model_allowed',
    `${names} is closed until a probe shows that it keeps its output limit. Try again in ${seconds} s`,
    wait,
  );
}
