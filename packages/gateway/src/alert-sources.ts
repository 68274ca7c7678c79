import { PLATFORM } from '@purser/core';
import type { AlertSource, NewAlert } from '@purser/notify';
import { type ClosedReason, type ClosedRoute, closedLately } from '@purser/routing';

const ROUTE_TITLES: Readonly<Record<ClosedReason, (what: string) => string>> = {
  overrun: (what) => `The model ${what} is closed`,
  failing: (what) => `${what} fails and is not called for a while`,
  key: (what) => `${what} refuses our key`,
  unresolved: (what) => `Too much is unresolved with ${what}`,
};
const ROUTE_TEXTS: Readonly<Record<ClosedReason, string>> = {
  overrun:
    'No call goes there until a probe shows that it keeps the output limit. The setting …_OUTPUT_LIMIT says what its server calls that limit.',
  failing:
    'One call tries it again from time to time; the others go to the next provider of their plan, or are refused with a wait.',
  key: 'Check its key, its balance and what the key may be used for. One call tries it again from time to time.',
  unresolved:
    'It is not called until that is resolved (`purser unresolved`, or POST /api/admin/unresolved/resolve) or the hour has passed.',
};

/** Told once an hour for each model or provider and reason, however often it closes and opens. */
export const ROUTES: AlertSource = {
  name: 'route',
  async after(connection, position) {
    const closed = await closedLately(connection);
    return { rows: 0, through: position, alerts: closed.map(routeAlert) };
  },
};

function routeAlert({ provider, model, reason, why, at, for_everybody }: ClosedRoute): NewAlert {
  const what = model ?? provider;
  const whom = for_everybody ? '' : ' Only workspaces whose own calls fail are stopped; the others are served.';
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
