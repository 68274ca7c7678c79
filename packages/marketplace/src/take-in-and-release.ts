import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import type { Licenses } from '@purser/license';

import type { Marketplace } from './marketplace.ts';
import type { TakeInRequest, TakenIn } from './stripe/take-in.ts';

/** What one run came to, and whose changed license was not applied at once: the next sweep of any server does it. */
export interface TakenInAndReleased extends TakenIn {
  readonly unreleased: readonly { readonly workspace: WorkspaceId; readonly why: string }[];
}

/**
 * Takes in payment events, then applies the licenses that they changed, each by itself: one that fails is named, and keeps no other from
 * being applied. @throws Fault when Stripe does not answer.
 */
export async function takeInAndRelease(
  { marketplace, licenses }: { readonly marketplace: Pick<Marketplace, 'takeIn'>; readonly licenses: Pick<Licenses, 'release'> },
  request: TakeInRequest,
): Promise<TakenInAndReleased | Refusal> {
  const taken = await marketplace.takeIn(request);
  if (isRefusal(taken)) return taken;
  const unreleased: { workspace: WorkspaceId; why: string }[] = [];
  for (const workspace of taken.workspaces) {
    try {
      await licenses.release(workspace);
    } catch (error) {
      unreleased.push({ workspace, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return { ...taken, unreleased };
}
