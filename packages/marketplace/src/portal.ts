import type { WorkspaceId } from '@purser/base';

import { customerOf } from './customer.ts';
import type { OpenParts } from './parts.ts';
import { asking } from './stripe.ts';

/** Opens Stripe's page where a workspace changes its cards and its subscription and finds its invoices. */
export async function openPortal(parts: OpenParts, workspace: WorkspaceId, return_url: string): Promise<{ url: string }> {
  const customer = await customerOf(parts, workspace);
  const { url } = await asking('open the portal', parts.stripe.billingPortal.sessions.create({ customer, return_url }));
  return { url };
}
