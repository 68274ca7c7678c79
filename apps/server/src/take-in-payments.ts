import { isRefusal, RefusalError } from '@purser/core';
import { takeInAndRelease, type TakenInAndReleased } from '@purser/marketplace';

import { compose, type ServerOptions } from './compose.ts';

const PAGES_MAX = 5;

/** Takes in payment events since an instant, run after run until all has been asked for; `each` is told of every run. */
export async function takeInPayments(
  given: ServerOptions,
  since: Temporal.Instant,
  each: (taken: TakenInAndReleased) => void,
): Promise<void> {
  await using composition = await compose({ ...given, background: false });
  let after: string | undefined;
  do {
    const taken = await takeInAndRelease(composition.deps, { since, after, pages_max: PAGES_MAX });
    if (isRefusal(taken)) throw new RefusalError(taken);
    each(taken);
    after = taken.next ?? undefined;
  } while (after !== undefined);
}
