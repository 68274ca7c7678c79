import { appendAudit } from '@purser/audit';
import { assert, isRefusal, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Catalog } from '@purser/catalog';
import type { Overrides } from '@purser/identity';
import { lowerOverrides, spentOfRaises } from '@purser/policy';
import {
  applyTerms,
  closingOf,
  type Fold,
  foldTerms,
  lockTerms,
  type PaymentFacts,
  type Subscriber,
  type Terms,
  termsSince,
} from '@purser/terms';

import { closedTerms, keepClosing, type KnownClosing, openAgain } from './closed-terms.ts';
import type { EffectParts } from './parts.ts';
import { type KnownFacts, paymentFacts } from './payment-facts.ts';

/**
 * Everything that follows from the payments of a workspace, worked out again from all that is known of them: terms with their ceilings, credits
 * and books, and the plan that its subscription puts it on. In the transaction of whatever changed what is known.
 */
export async function settleTerms(
  tx: Connection,
  now: Temporal.Instant,
  parts: Pick<EffectParts, 'identity' | 'catalog' | 'catalogOf'>,
  workspace: WorkspaceId,
): Promise<void> {
  await lockTerms(tx, workspace);
  const { facts, fold, catalogs, closed } = await currentTerms(tx, parts, workspace);
  const { terms } = fold;
  const { fx } = parts.catalog;
  const before = await applyTerms(tx, now, workspace, {
    terms,
    fx,
    until: latestOf(facts, now),
    reading: closed ? 'open' : 'all',
    raises: () => spentOfRaises(tx, workspace),
  });
  await movePlan(tx, now, parts, workspace, { before, terms, catalogs });
  if (terms.living.length > 1 && terms.living.length > before.living) await tellSecond(tx, now, workspace, terms.living);
  const closing = closingOf(facts, fold, (version) => catalogs.get(version), fx, closed);
  if (closing) await keepClosing(tx, workspace, closing);
}

interface CurrentTerms {
  readonly facts: KnownFacts;
  readonly fold: Fold;
  readonly catalogs: ReadonlyMap<string, Catalog>;
  /** They are those since it was closed. */
  readonly closed: KnownClosing | undefined;
}

/** From what is known since the terms were closed, where that is certain to be enough; else from everything. */
async function currentTerms(
  tx: Connection,
  parts: Pick<EffectParts, 'catalog' | 'catalogOf'>,
  workspace: WorkspaceId,
): Promise<CurrentTerms> {
  const { fx } = parts.catalog;
  const closed = await closedTerms(tx, workspace);
  if (closed?.holds === true) {
    const facts = await paymentFacts(tx, workspace, closed);
    const catalogs = await catalogsOf(tx, parts, facts);
    const fold = termsSince(closed, facts, (version) => catalogs.get(version), fx);
    if (fold) return { facts, fold, catalogs, closed };
  }
  if (closed) await openAgain(tx, workspace);
  const facts = await paymentFacts(tx, workspace);
  const catalogs = await catalogsOf(tx, parts, facts);
  return { facts, fold: foldTerms(facts, (version) => catalogs.get(version), fx), catalogs, closed: undefined };
}

async function tellLowered(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  { plan, lowered }: { readonly plan: string; readonly lowered: readonly string[] },
): Promise<void> {
  await appendAudit(tx, {
    at: now,
    actor: 'payments',
    workspace,
    action: 'overrides.lowered',
    subject: `workspace:${workspace}`,
    detail: { plan, lowered: [...lowered], text: `On ${plan}, the plan that was paid for: ${lowered.join('; ')}.` },
  });
}

/** Nobody means to pay twice: the first rules, the money of both counts, and an operator is told. */
async function tellSecond(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  living: readonly string[],
): Promise<void> {
  const names = living.join(' and ');
  await appendAudit(tx, {
    at: now,
    actor: 'payments',
    workspace,
    action: 'subscription.second',
    subject: `workspace:${workspace}`,
    detail: {
      subscriptions: [...living],
      text: `${names} are both paid for. Cancel one of them at the payment provider, and refund what was paid twice.`,
    },
  });
}

/** The versions that something was sold at; one that was never stored sells nothing. */
async function catalogsOf(
  tx: Connection,
  { catalogOf }: Pick<EffectParts, 'catalogOf'>,
  { snapshots, invoices }: PaymentFacts,
): Promise<Map<string, Catalog>> {
  const versions = new Set([
    ...snapshots.flatMap(({ version, sold }) => (sold ? [version, sold.version] : [version])),
    ...invoices.map(({ version }) => version),
  ]);
  const found = new Map<string, Catalog>();
  for (const version of versions) {
    const catalog = await catalogOf(version, tx);
    if (catalog) found.set(version, catalog);
  }
  return found;
}

/** By the provider's clock, which may be a little ahead of ours: what it told of has happened. */
function latestOf({ snapshots, invoices }: PaymentFacts, now: Temporal.Instant): Temporal.Instant {
  return [...snapshots.map(({ at }) => at), ...invoices.map(({ paid_at }) => paid_at)].reduce(
    (latest, at) => (Temporal.Instant.compare(at, latest) > 0 ? at : latest),
    now,
  );
}

/** A workspace is moved when its payments put it on another plan than they did before: what an operator set in between stays until then. */
async function movePlan(
  tx: Connection,
  now: Temporal.Instant,
  { identity }: Pick<EffectParts, 'identity'>,
  workspace: WorkspaceId,
  {
    before,
    terms,
    catalogs,
  }: { readonly before: Subscriber; readonly terms: Terms; readonly catalogs: ReadonlyMap<string, Catalog> },
): Promise<void> {
  const { plan } = terms;
  if (plan === undefined) return;
  const same =
    before.plan?.plan === plan.plan && before.plan.version === plan.version && before.plan.subscription === plan.subscription;
  const sold_under = catalogs.get(plan.version);
  if (same || sold_under === undefined) return;
  let lowered: readonly string[] = [];
  // What was agreed on the plan before is proved again on this one.
  const keeping = (overrides: Overrides): Overrides => {
    const kept = lowerOverrides({ plan: plan.plan, overrides }, sold_under);
    lowered = kept.lowered;
    return kept.overrides;
  };
  const changed = await identity.changeWorkspace(
    workspace,
    { plan: plan.plan, sold_under, keeping },
    async (connection, { before: was, after }) => {
      if (lowered.length > 0) await tellLowered(connection, now, workspace, { plan: plan.plan, lowered });
      if (was.plan === after.plan && was.catalogue_version === after.catalogue_version) return;
      await appendAudit(connection, {
        at: now,
        actor: 'payments',
        workspace,
        action: 'plan.change',
        subject: `workspace:${workspace}`,
        detail: { before: was.plan, after: after.plan, subscription: plan.subscription },
      });
    },
    tx,
  );
  if (!isRefusal(changed)) return;
  identity.forget(workspace);
  assert((await identity.workspace(workspace))?.erased_at, changed.detail);
  await tellErased(tx, now, workspace, plan);
}

/** Paid on a page that was open when it was erased: the money is booked, and nobody is there to be served for it. */
async function tellErased(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  { plan, subscription }: NonNullable<Terms['plan']>,
): Promise<void> {
  await appendAudit(tx, {
    at: now,
    actor: 'payments',
    workspace,
    action: 'payment.erased',
    subject: `workspace:${workspace}`,
    detail: {
      plan,
      subscription,
      text: `${subscription} was paid for a workspace that was deleted. Cancel it at the payment provider, and refund what was paid.`,
    },
  });
}
