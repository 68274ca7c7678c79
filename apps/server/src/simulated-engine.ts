import { seal, verifyAudit } from '@purser/audit';
import { assert, isRefusal, RefusalError, systemClock, type TestClock, type WorkspaceId } from '@purser/core';
import { newId, openPool, type Pool, transaction } from '@purser/database';
import type { GenerateRequest } from '@purser/gate';
import type { WorkspaceChange } from '@purser/identity';
import { type MarginKey, marginReport, rollUp } from '@purser/ledger';
import { type PaymentEvent, recordPayment } from '@purser/license';
import { signatureOf, startStripeStandIn } from '@purser/marketplace/standins';
import { grantCredits } from '@purser/meters';
import { createProviders, type Providers } from '@purser/providers';

import { workCredits } from './background.ts';
import { compose, type ServerOptions } from './compose.ts';
import type { ServerDeps } from './deps.ts';
import { verifyBooks } from '@purser/console';
import { backgroundLog } from '@purser/metrics';

export interface Account {
  readonly workspace: WorkspaceId;
  readonly key: string;
}

export interface Wanted {
  readonly name: string;
  readonly plan: string;
  readonly timezone: string;
  readonly anchored_at: Temporal.Instant;
}

interface Payment {
  readonly id: string;
  readonly account: Account;
  readonly kind: 'failed' | 'paid';
  readonly at: Temporal.Instant;
  readonly reference: string;
}

/** So many workspaces are opened, or payments recorded, in one transaction, and so many transactions at a time. */
const TOGETHER = 100;
const LANES = 4;
/** Daily sums are brought forward so often, in days: a step of them costs the same for few rows as for many. */
const WEEK = 7;
/** `expire_grants` takes at most so many workspaces at once. */
const GRANTS_SWEPT = 1_000;

/**
 * The rooms as a server composes them, with a clock that is moved, providers and a payment service that are played: what a simulation
 * calls instead of the wire. Nobody listens, and what a server does in the background is done when it is asked for.
 */
export async function openSimulatedEngine(
  given: Omit<ServerOptions, 'simulated'> & { readonly clock: TestClock; readonly providers?: Providers },
) {
  const { clock, settings, providers = createProviders({ providers: settings.providers }) } = given;
  await using opened = new AsyncDisposableStack();
  const stripe = await startStripeStandIn({ now: () => Math.floor(clock.now().epochMilliseconds / 1000) });
  opened.defer(() => stripe.close());
  // Nobody who serves owns a table, and only its owner may have it counted.
  const owner = openPool(given.database_url, { connections_max: 1 });
  opened.defer(() => owner.end());
  const { secret_key, webhook_secret, origin } = stripe;
  const { deps } = opened.use(
    await compose({
      ...given,
      settings: { ...settings, stripe: { secret_key, webhook_secret, base_url: origin, automatic_tax: false } },
      simulated: { clock, providers },
    }),
  );
  let days = 0;
  const kept = opened.move();
  return {
    clock,
    catalog: deps.catalog,
    open: (wanted: readonly Wanted[]) => openAccounts(deps, wanted),
    call: (account: Account, request: GenerateRequest) => call(deps, account, request),
    gift: (account: Account, credits: bigint, expires_at: Temporal.Instant) => gift(deps, account, credits, expires_at),
    change: (account: Account, change: WorkspaceChange) => changeAccount(deps, account, change),
    pay: (payments: readonly Payment[]) => pay(deps, payments),
    async buy(account: Account, pack: string) {
      const session = await checkOut(deps, account, pack);
      const body = JSON.stringify(stripe.event('checkout.session.completed', stripe.pay(session)));
      // A signature's age is judged by the clock of the machine.
      const signature = signatureOf(body, webhook_secret, Math.floor(systemClock.now().epochMilliseconds / 1000));
      const received = await deps.marketplace.receive(Buffer.from(body), signature);
      if (isRefusal(received)) throw new RefusalError(received);
    },
    housekeep: () => housekeep(deps),
    look: () => deps.policies.evaluate(),
    async endDay() {
      await deps.marketplace.sweep();
      days++;
      if (days % WEEK === 0) await rollUp(deps.pool);
      if (Number.isInteger(Math.log2(days))) await count(owner);
    },
    margins: (from: Temporal.Instant, to: Temporal.Instant, by: MarginKey) => marginReport(deps.pool, { from, to, by }),
    verify: () => verify(deps, owner),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export async function openAccounts(deps: ServerDeps, wanted: readonly Wanted[]): Promise<Account[]> {
  const opened = await inLanes(wanted, (some) =>
    transaction(deps.pool, async (connection) => {
      const accounts: Account[] = [];
      for (const one of some) {
        const created = await deps.identity.createWorkspace(one, connection);
        if (isRefusal(created)) throw new RefusalError(created);
        accounts.push({ workspace: created.workspace.id, key: created.key });
      }
      return accounts;
    }),
  );
  return opened.flat();
}

export async function call(deps: ServerDeps, account: Account, request: GenerateRequest) {
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

/** One payment a workspace and time. Who was paid for and stays so has nothing to wait for; the others are followed up before anybody calls again. */
async function pay(deps: ServerDeps, payments: readonly Payment[]): Promise<void> {
  // The order in which everybody locks.
  const events = payments
    .map(({ account, ...payment }): PaymentEvent => ({ ...payment, workspace: account.workspace }))
    .toSorted((one, other) => (one.workspace < other.workspace ? -1 : 1));
  const changed = await inLanes(events, (some) =>
    transaction(deps.pool, async (connection) => {
      const workspaces: WorkspaceId[] = [];
      for (const event of some) {
        const { before, after } = await recordPayment(connection, deps.clock.now(), event);
        if (before.license !== after.license) workspaces.push(event.workspace);
      }
      return workspaces;
    }),
  );
  for (const workspace of changed.flat()) await deps.licenses.release(workspace);
}

async function checkOut(deps: ServerDeps, account: Account, pack: string): Promise<string> {
  const workspace = await deps.identity.workspace(account.workspace);
  assert(workspace !== undefined, `there is no workspace ${account.workspace}`);
  const started = await deps.marketplace.checkout({
    workspace,
    actor: 'simulation',
    wanted: { pack, quantity: 1 },
    return_url: 'http://127.0.0.1/',
  });
  if (isRefusal(started)) throw new RefusalError(started);
  return started.url.split('/').at(-1) ?? '';
}

/** What is due now, before anybody calls: a call that finds its period closed would open it alone. */
export async function housekeep(deps: ServerDeps): Promise<void> {
  while ((await deps.meters.sweep()).grants >= GRANTS_SWEPT);
  await deps.licenses.sweep();
  await workCredits({ ...deps, logOf: (work) => backgroundLog(work, deps.log, deps.metrics) });
}

/** A database this young has not been counted: the planner takes its tables for empty, and reads one of them whole for each row of another. */
async function count(owner: Pool): Promise<void> {
  await owner.query('analyze');
}

export async function verify(deps: ServerDeps, owner: Pool): Promise<string[]> {
  await deps.gate.settled(60_000);
  await count(owner);
  await rollUp(deps.pool);
  await seal(deps.pool, deps.clock.now());
  const [books, trail] = await Promise.all([verifyBooks(deps.pool), verifyAudit(deps.pool)]);
  return [
    ...books.mismatches.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...(books.balanced ? [] : ['the ledger does not balance']),
    ...(books.overruns > 0n ? [`${books.overruns} calls cost more than their holds`] : []),
    ...(trail.intact ? [] : ['the audit log is broken']),
  ];
}

/** Works through all of them, so many in one go and some goes at a time; what came of each go, in order. */
async function inLanes<T, Result>(all: readonly T[], work: (some: readonly T[]) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let go = next++; go * TOGETHER < all.length; go = next++) {
      results[go] = await work(all.slice(go * TOGETHER, (go + 1) * TOGETHER));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return results;
}
