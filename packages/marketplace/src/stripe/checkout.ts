import { assert, isRefusal, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { derivedId, newId, workspaceTransaction } from '@purser/database';
import { findPlan, type Catalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { currency, type Money, money, toMinor } from '@purser/money';
import { quotePack } from '@purser/wallet';
import type { Stripe } from 'stripe';

import { hasLiveSubscription } from '../effects/apply-subscription.ts';
import { withCustomer } from './customer.ts';
import type { CheckoutId } from '../payment-action.ts';
import { onePage, type PagesOfPlans } from './open-pages.ts';
import type { OpenParts } from './parts.ts';

export interface CheckoutRequest {
  readonly workspace: Workspace;
  readonly actor: string;
  readonly wanted: { readonly pack: string; readonly quantity: number } | { readonly plan: string };
  /** Where the buyer comes back to. */
  readonly return_url: string;
  /** The caller's own key and the hash of what it asked for: the same again gets the same page. */
  readonly idempotency?: { readonly key: string; readonly request_hash: string };
}

export interface StartedCheckout {
  readonly id: CheckoutId;
  /** Stripe's page. */
  readonly url: string;
  /** The same request asked before. */
  readonly replayed: boolean;
}

/** What is put before the buyer. */
interface Terms {
  readonly kind: 'pack' | 'plan';
  readonly code: string;
  readonly name: string;
  readonly quantity: number;
  readonly price: Money;
  readonly credits: bigint;
  readonly ceiling_raise: bigint;
  readonly expires_months: number | null;
  readonly fees: { readonly numerator: bigint; readonly denominator: bigint; readonly fixed: bigint };
  readonly lines: readonly Line[];
}

interface Line {
  readonly name: string;
  readonly quantity: number;
  readonly unit_nanos: string;
  /** Whether tax comes on top of it. */
  readonly tax_behavior: 'exclusive' | 'inclusive';
}

interface CheckoutRow {
  readonly workspace_id: WorkspaceId;
  readonly checkout_id: CheckoutId;
  readonly request_hash: string;
  readonly kind: 'pack' | 'plan';
  readonly code: string;
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly return_url: string;
  readonly url: string | null;
}

/**
 * Opens Stripe's page for a pack or a plan. What is offered is written down first, so that a crash before Stripe's answer leaves
 * nothing that the same request does not find again, there as here.
 */
export async function startCheckout(parts: OpenParts, request: CheckoutRequest): Promise<StartedCheckout | Refusal> {
  const terms = termsOf(parts.catalog, request);
  if (isRefusal(terms)) return terms;
  const asked = request.idempotency && (await askedBefore(parts, request));
  const pages = terms.kind === 'plan' && asked === undefined ? await pagesFor(parts, request, terms) : undefined;
  if (isRefusal(pages)) return pages;
  if (pages?.reused) return { ...pages.reused, replayed: true };
  const row = await writeDown(parts, request, terms, pages?.closed ?? 0);
  if (isRefusal(row)) return row;
  if (row.url !== null) return { id: row.checkout_id, url: row.url, replayed: true };
  const session = await withCustomer(parts, row.workspace_id, 'open a checkout', (customer) =>
    parts.stripe.checkout.sessions.create(pageOf(row, customer, parts.settings.automatic_tax), {
      idempotencyKey: `purser-checkout-${row.checkout_id}-${customer}`,
    }),
  );
  assert(session.url, 'a hosted checkout has an address');
  await workspaceTransaction(parts.pool, row.workspace_id, (connection) =>
    connection.query('update marketplace.checkout set session_id = $2, url = $3 where checkout_id = $1', [
      row.checkout_id,
      session.id,
      session.url,
    ]),
  );
  return { id: row.checkout_id, url: session.url, replayed: false };
}

/** One subscription, and one page to pay for it. */
async function pagesFor(
  parts: OpenParts,
  { workspace }: CheckoutRequest,
  { code, price }: Terms,
): Promise<PagesOfPlans | Refusal> {
  if (await isSubscribed(parts.pool, workspace.id)) {
    return refuse('limit_reached', 'this workspace has a subscription; change its plan in the portal');
  }
  const wanted = { code, price: price.nanos, currency: price.currency, catalogue_version: parts.catalog.version };
  return onePage(parts, workspace.id, wanted);
}

/** The same request was made before: it is answered as it was. */
async function askedBefore({ pool }: OpenParts, request: CheckoutRequest): Promise<true | undefined> {
  const { rows } = await workspaceTransaction(pool, request.workspace.id, (connection) =>
    connection.query('select from marketplace.checkout where checkout_id = $1 and url is not null', [keyedId(request)]),
  );
  return rows.length > 0 ? true : undefined;
}

/** By the caller's own key; a plan without one by what came before it, so that two requests at once open one page. */
function keyedId({ workspace, actor, idempotency }: CheckoutRequest): CheckoutId | undefined {
  return idempotency && derivedId<'checkout'>('checkout', workspace.id, actor, idempotency.key);
}

function isSubscribed(pool: OpenParts['pool'], workspace: WorkspaceId): Promise<boolean> {
  return workspaceTransaction(pool, workspace, (connection) => hasLiveSubscription(connection, workspace));
}

function termsOf(catalog: Catalog, request: CheckoutRequest): Terms | Refusal {
  const { wanted } = request;
  const terms = 'pack' in wanted ? packTerms(catalog, request.workspace, wanted) : planTerms(catalog, wanted.plan);
  if (isRefusal(terms)) return terms;
  try {
    for (const { unit_nanos } of terms.lines) toMinor(money(BigInt(unit_nanos), terms.price.currency));
  } catch (error) {
    return refuse('invalid_request', `${terms.code}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return terms;
}

function packTerms(
  catalog: Catalog,
  workspace: Workspace,
  { pack: code, quantity }: { pack: string; quantity: number },
): Terms | Refusal {
  const quote = quotePack(catalog, code, quantity);
  if (isRefusal(quote)) return quote;
  const allowed = findPlan(catalog, workspace.plan)?.packs;
  if (allowed && !allowed.includes(code)) {
    return refuse('plan_feature_missing', `the plan ${workspace.plan} may buy ${allowed.join(', ') || 'no pack'}, not ${code}`);
  }
  const { pack, price, credits, ceiling_raise, lines } = quote;
  if (price.nanos === 0n) return refuse('invalid_request', `the pack ${code} has no price; it cannot be bought`);
  const { percent, fixed } = pack.payment_fees;
  return {
    kind: 'pack',
    code,
    name: pack.name,
    quantity,
    price,
    credits,
    ceiling_raise: ceiling_raise.nanos > 0n ? ceiling_raise.nanos : 0n,
    expires_months: pack.expires_months ?? null,
    fees: { numerator: percent.numerator, denominator: percent.denominator, fixed: fixed.nanos },
    lines: lines.map(({ quantity: count, price_each }) => ({
      name: pack.name,
      quantity: count,
      unit_nanos: price_each.nanos.toString(),
      tax_behavior: pack.tax.behavior,
    })),
  };
}

function planTerms(catalog: Catalog, code: string): Terms | Refusal {
  const plan = findPlan(catalog, code);
  if (!plan) {
    const codes = catalog.plans.map((sold) => sold.code).join(', ');
    return refuse('not_found', `there is no plan '${code.slice(0, 100)}'; want one of ${codes}`);
  }
  if (plan.price.nanos === 0n) return refuse('invalid_request', `the plan ${code} costs nothing; there is nothing to pay`);
  if (plan.negotiable) return refuse('invalid_request', `the plan ${code} is agreed with each customer; contact the operator`);
  const { percent, fixed } = plan.payment_fees;
  return {
    kind: 'plan',
    code,
    name: plan.name,
    quantity: 1,
    price: plan.price,
    credits: 0n,
    ceiling_raise: 0n,
    expires_months: null,
    fees: { numerator: percent.numerator, denominator: percent.denominator, fixed: fixed.nanos },
    lines: [{ name: plan.name, quantity: 1, unit_nanos: plan.price.nanos.toString(), tax_behavior: plan.tax.behavior }],
  };
}

/** The row of this request: a fresh one, or the one that the same key made before. */
async function writeDown(
  { pool, clock, catalog }: OpenParts,
  request: CheckoutRequest,
  terms: Terms,
  closed: number,
): Promise<CheckoutRow | Refusal> {
  const { workspace, actor, idempotency, return_url } = request;
  const unkeyed = (): CheckoutId =>
    terms.kind === 'plan'
      ? derivedId<'checkout'>('plan', workspace.id, terms.code, catalog.version, String(closed))
      : newId<'checkout'>();
  const id = keyedId(request) ?? unkeyed();
  const request_hash = idempotency?.request_hash ?? '';
  const { rows } = await workspaceTransaction(pool, workspace.id, async (connection) => {
    await connection.query(
      `insert into marketplace.checkout (workspace_id, checkout_id, actor, request_hash, kind, code, name, catalogue_version, price, currency,
         quantity, credits, expires_months, ceiling_raise, fee_numerator, fee_denominator, fee_fixed, lines, return_url, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) on conflict do nothing`,
      [
        workspace.id,
        id,
        actor,
        request_hash,
        terms.kind,
        terms.code,
        terms.name,
        catalog.version,
        terms.price.nanos,
        terms.price.currency,
        terms.quantity,
        terms.credits,
        terms.expires_months,
        terms.ceiling_raise,
        terms.fees.numerator,
        terms.fees.denominator,
        terms.fees.fixed,
        JSON.stringify(terms.lines),
        return_url,
        clock.now().toString(),
      ],
    );
    return connection.query<CheckoutRow>(
      `select workspace_id, checkout_id, request_hash, kind, code, currency, lines, return_url, url
       from marketplace.checkout where checkout_id = $1`,
      [id],
    );
  });
  const row = rows[0];
  assert(row, 'a checkout that was written is there');
  if (row.request_hash === request_hash) return row;
  return refuse(
    'idempotency_mismatch',
    'this Idempotency-Key was used with another request; want a new key for each new request',
  );
}

/** Made of the row alone, so that a repeated request is the same to Stripe too. */
function pageOf(row: CheckoutRow, customer: string, automatic_tax: boolean): Stripe.Checkout.SessionCreateParams {
  const metadata = { purser_checkout: row.checkout_id, purser_workspace: row.workspace_id, [`purser_${row.kind}`]: row.code };
  const unit = currency(row.currency);
  return {
    mode: row.kind === 'pack' ? 'payment' : 'subscription',
    customer,
    client_reference_id: row.workspace_id,
    metadata,
    ...(row.kind === 'pack' ? { payment_intent_data: { metadata } } : { subscription_data: { metadata } }),
    line_items: row.lines.map(({ name, quantity, unit_nanos, tax_behavior }) => ({
      quantity,
      price_data: {
        currency: unit.toLowerCase(),
        unit_amount: toMinor(money(BigInt(unit_nanos), unit)),
        tax_behavior,
        product_data: { name },
        ...(row.kind === 'plan' && { recurring: { interval: 'month' as const } }),
      },
    })),
    ...(automatic_tax && { automatic_tax: { enabled: true }, customer_update: { address: 'auto' as const } }),
    success_url: `${row.return_url}?checkout=paid`,
    cancel_url: `${row.return_url}?checkout=cancelled`,
  };
}
