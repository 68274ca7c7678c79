import { verifyAudit } from '@purser/audit';
import { assert, isRefusal, newId, RefusalError, systemClock, transaction, type WorkspaceId } from '@purser/base';
import type { GenerateRequest } from '@purser/gate';
import { type MarginKey, marginReport, rollUp } from '@purser/ledger';
import type { WorkspaceChange } from '@purser/identity';
import { recordPayment } from '@purser/license';
import { signatureOf, startStripeStandIn } from '@purser/marketplace/standins';
import { grantCredits } from '@purser/meters';
import { workWallet } from '@purser/wallet';

import { compose, type Given } from './compose.ts';
import type { ServerDeps } from './deps.ts';
import { verifyBooks } from './verify-books.ts';

interface Account {
  readonly workspace: WorkspaceId;
  readonly key: string;
}

interface Payment {
  readonly id: string;
  readonly kind: 'failed' | 'paid';
  readonly at: Temporal.Instant;
  readonly reference: string;
}

/**
 * The rooms as a server composes them, with a clock that is moved and a payment service that is played: what a simulation calls
 * instead of the wire. Nobody listens.
 */
export async function openSimulatedEngine(given: Given) {
  await using opened = new AsyncDisposableStack();
  let seconds = () => 0;
  const stripe = await startStripeStandIn({ now: () => seconds() });
  opened.defer(() => stripe.close());
  const composition = await compose({
    ...given,
    settings: {
      ...given.settings,
      test_clock: true,
      stripe: {
        secret_key: stripe.secret_key,
        webhook_secret: stripe.webhook_secret,
        base_url: stripe.origin,
        automatic_tax: false,
      },
    },
  });
  opened.use(composition);
  const { deps } = composition;
  const clock = deps.test_clock;
  assert(clock !== undefined, 'a simulation moves its clock');
  seconds = () => Math.floor(clock.now().epochMilliseconds / 1000);
  const kept = opened.move();
  return {
    clock,
    catalogue: deps.catalogue,
    open: (wanted: { name: string; plan: string; timezone: string; anchored_at: Temporal.Instant }) => openAccount(deps, wanted),
    call: (account: Account, request: GenerateRequest) => call(deps, account, request),
    gift: (account: Account, credits: bigint, expires_at: Temporal.Instant) => gift(deps, account, credits, expires_at),
    change: (account: Account, change: WorkspaceChange) => changeAccount(deps, account, change),
    pay: (account: Account, payment: Payment) => pay(deps, account, payment),
    async buy(account: Account, pack: string) {
      const workspace = await workspaceOf(deps, account.workspace);
      const started = await deps.marketplace.checkout({
        workspace,
        actor: 'simulation',
        wanted: { pack, quantity: 1 },
        return_url: 'http://127.0.0.1/',
      });
      if (isRefusal(started)) throw new RefusalError(started);
      const session = started.url.split('/').at(-1) ?? '';
      const body = JSON.stringify(stripe.event('checkout.session.completed', stripe.pay(session)));
      // A signature's age is judged by the clock of the machine.
      const signature = signatureOf(body, stripe.webhook_secret, Math.floor(systemClock.now().epochMilliseconds / 1000));
      const received = await deps.marketplace.receive(Buffer.from(body), signature);
      if (isRefusal(received)) throw new RefusalError(received);
    },
    housekeep: () => housekeep(deps),
    margins: (from: Temporal.Instant, to: Temporal.Instant, by: MarginKey) => marginReport(deps.pool, { from, to, by }),
    verify: () => verify(deps),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function workspaceOf(deps: ServerDeps, id: WorkspaceId) {
  const workspace = await deps.identity.workspace(id);
  assert(workspace !== undefined, `there is no workspace ${id}`);
  return workspace;
}

async function openAccount(
  deps: ServerDeps,
  wanted: { name: string; plan: string; timezone: string; anchored_at: Temporal.Instant },
): Promise<Account> {
  const created = await deps.identity.createWorkspace(wanted);
  if (isRefusal(created)) throw new RefusalError(created);
  return { workspace: created.workspace.id, key: created.key };
}

async function call(deps: ServerDeps, account: Account, request: GenerateRequest) {
  const caller = await deps.authenticate({ authorization: `Bearer ${account.key}` });
  if (isRefusal(caller)) return caller;
  return deps.gate.generate(caller, request, new AbortController().signal);
}

async function gift(deps: ServerDeps, { workspace }: Account, credits: bigint, expires_at: Temporal.Instant): Promise<void> {
  const grant = { id: newId<'grant'>(), workspace, source: 'gift', credits, expires_at, reason: 'a gift' } as const;
  await grantCredits(deps.pool, deps.clock.now(), grant);
}

async function changeAccount(deps: ServerDeps, { workspace }: Account, change: WorkspaceChange): Promise<void> {
  const changed = await deps.identity.changeWorkspace(workspace, change);
  if (isRefusal(changed)) throw new RefusalError(changed);
}

async function pay(deps: ServerDeps, { workspace }: Account, payment: Payment): Promise<void> {
  await transaction(deps.pool, (connection) => recordPayment(connection, deps.clock.now(), { ...payment, workspace }));
  deps.identity.forget(workspace);
  await deps.licences.release(workspace);
}

async function housekeep(deps: ServerDeps): Promise<void> {
  await deps.meters.sweep();
  await deps.licences.sweep();
  await workWallet({
    pool: deps.pool,
    clock: deps.clock,
    meters: deps.meters,
    workspace: (id) => deps.identity.workspace(id),
    policyOf: (workspace, now) => deps.policies.load(workspace, now),
    failed: (id, error) => deps.log.error({ err: error, workspace: id }, 'a billing period could not be opened'),
  });
  await deps.marketplace.sweep();
}

async function verify(deps: ServerDeps): Promise<string[]> {
  await deps.gate.settled(60_000);
  await rollUp(deps.pool);
  const [books, trail] = await Promise.all([verifyBooks(deps.pool), verifyAudit(deps.pool)]);
  return [
    ...books.mismatches.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...(books.balanced ? [] : ['the books do not balance']),
    ...(books.overruns > 0n ? [`${books.overruns} calls cost more than they had held`] : []),
    ...(trail.intact ? [] : ['the trail is broken']),
  ];
}
