import type { Overrides } from './overrides.ts';

/** A free workspace beyond the one that everybody gets: all of the plan but its monthly credits. */
export const WITHOUT_GRANT: Overrides = Object.freeze({ credits_monthly: 0 });

/** Whether overrides say that and nothing else; who then moves to another plan gets what that one grants. */
export function isWithoutGrant(overrides: Overrides): boolean {
  const [only, ...more] = Object.keys(overrides);
  return only === 'credits_monthly' && more.length === 0 && overrides.credits_monthly === 0;
}
