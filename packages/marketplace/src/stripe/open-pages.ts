import { type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { workspaceTransaction } from '@purser/database';

import type { CheckoutId } from '../payment-action.ts';
import type { OpenParts } from './parts.ts';
import { asking, isMissing } from './client.ts';

/** A page of a plan that may still be paid. */
interface OpenPage {
  readonly checkout: CheckoutId;
  readonly session: string;
  readonly url: string;
  readonly code: string;
  readonly price: bigint;
  readonly currency: string;
  readonly catalogue_version: string;
  readonly created_at: Temporal.Instant;
  /** Its subscription is known here. */
  readonly told: boolean;
}

export interface PagesOfPlans {
  /** The page of this very plan, at this price. */
  readonly reused: { readonly id: CheckoutId; readonly url: string } | undefined;
  /** How many pages of plans were opened and closed before: what names the next. */
  readonly closed: number;
}

/** Stripe closes a page that nobody paid after a day. */
const PAGE_HOURS = 24;
const PAGES_MAX = 10;

/**
 * Sees to it that a workspace has one page of a plan to pay on: the same plan at the same price is the same page, and one of another plan is closed
 * before another opens. Refuses while one was paid and its subscription is not heard of yet.
 */
export async function onePage(
  parts: OpenParts,
  workspace: WorkspaceId,
  wanted: Pick<OpenPage, 'code' | 'price' | 'currency' | 'catalogue_version'>,
): Promise<PagesOfPlans | Refusal> {
  let reused: PagesOfPlans['reused'];
  for (const page of await openPages(parts, workspace)) {
    const status = await statusOf(parts, page);
    const same = page.code === wanted.code && page.price === wanted.price && page.currency === wanted.currency;
    if (status === 'open' && same && page.catalogue_version === wanted.catalogue_version && reused === undefined) {
      reused = { id: page.checkout, url: page.url };
      continue;
    }
    const age = page.created_at.until(parts.clock.now()).total('hours');
    if (status === 'complete' && !page.told && age < PAGE_HOURS) {
      return refuse('limit_reached', 'a plan was paid for just now and is being set up; try again in a minute');
    }
    if (status === 'open') await expire(parts, page);
    await close(parts, workspace, page);
  }
  return { reused, closed: await closedPages(parts, workspace) };
}

async function openPages({ pool }: OpenParts, workspace: WorkspaceId): Promise<OpenPage[]> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<OpenPage>(
      `select checkout_id as checkout, session_id as session, url, code, price, currency, catalogue_version, created_at,
         exists (select from marketplace.snapshot s where s.checkout_id = c.checkout_id) as told
       from marketplace.checkout c where workspace_id = $1 and kind = 'plan' and session_id is not null and url is not null and closed_at is null
       order by created_at desc limit ${PAGES_MAX}`,
      [workspace],
    ),
  );
  return rows;
}

async function statusOf({ stripe }: OpenParts, { session }: OpenPage): Promise<string> {
  try {
    const { status } = await asking('tell of a page', stripe.checkout.sessions.retrieve(session));
    return status ?? 'expired';
  } catch (error) {
    if (isMissing(error)) return 'expired';
    throw error;
  }
}

async function expire({ stripe }: OpenParts, { session }: OpenPage): Promise<void> {
  await asking('close a page', stripe.checkout.sessions.expire(session));
}

async function close({ pool, clock }: OpenParts, workspace: WorkspaceId, { checkout }: OpenPage): Promise<void> {
  await workspaceTransaction(pool, workspace, (connection) =>
    connection.query('update marketplace.checkout set closed_at = $2 where checkout_id = $1 and closed_at is null', [
      checkout,
      clock.now().toString(),
    ]),
  );
}

async function closedPages({ pool }: OpenParts, workspace: WorkspaceId): Promise<number> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<{ closed: number }>(
      `select count(*)::int as closed from marketplace.checkout where workspace_id = $1 and kind = 'plan' and closed_at is not null`,
      [workspace],
    ),
  );
  return rows[0]?.closed ?? 0;
}
