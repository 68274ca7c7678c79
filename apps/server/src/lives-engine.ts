import { isRefusal, systemClock, type TestClock } from '@purser/core';
import { openPool } from '@purser/database';
import type { GenerateRequest } from '@purser/gate';
import { balancesOf, creditsTakenBack } from '@purser/ledger';
import { signatureOf, startStripeStandIn, type StripeStandIn } from '@purser/marketplace/standins';
import type { Providers } from '@purser/providers';

import { compose, type ServerOptions } from './compose.ts';
import type { ServerDeps } from './deps.ts';
import { type Account, call, housekeep, openAccounts, verify, type Wanted } from './simulated-engine.ts';

/** Where a notice that was sent after a commit is heard, every listener has been told of that commit. */
const CHANNEL = 'purser_lives';
/** A listener that was told still has to take note. */
const NOTED_MS = 5;
const LONG_AGO = Temporal.Instant.fromEpochMilliseconds(0);

interface Booked {
  readonly revenue: ReadonlyMap<string, bigint>;
  readonly tax: ReadonlyMap<string, bigint>;
  readonly credits_granted: bigint;
}

/**
 * The parts as a server composes them, on a clock that is moved, with providers and Stripe played: upon this, lives of customers are lived.
 * `stripe`: one that another engine on the same database has used before, for what our side asks of it must still be there.
 */
export async function openLivesEngine(
  given: Omit<ServerOptions, 'simulated'> & {
    readonly clock: TestClock;
    readonly providers: Providers;
    readonly stripe?: StripeStandIn;
  },
) {
  const { clock, settings, providers } = given;
  await using opened = new AsyncDisposableStack();
  const stripe = given.stripe ?? (await startLivesStripe(clock));
  if (given.stripe === undefined) opened.defer(() => stripe.close());
  const owner = openPool(given.database_url, { connections_max: 2 });
  opened.defer(() => owner.end());
  const { secret_key, webhook_secret, origin } = stripe;
  const { deps } = opened.use(
    await compose({
      ...given,
      settings: { ...settings, stripe: { secret_key, webhook_secret, base_url: origin, automatic_tax: false } },
      simulated: { clock, providers },
    }),
  );
  const listener = await owner.connect();
  opened.defer(() => listener.release(true));
  await listener.query(`listen ${CHANNEL}`);
  const kept = opened.move();
  return {
    clock,
    open: (wanted: readonly Wanted[]) => openAccounts(deps, wanted),
    checkout: (account: Account, plan: string) => checkout(deps, stripe, account, plan),
    show: (object: { readonly id: string; readonly object: string }) => {
      stripe.replace(object);
    },
    deliver: (body: string) => deliver(deps, body, webhook_secret),
    async known() {
      const heard = new Promise((resolve) => {
        listener.once('notification', resolve);
      });
      await owner.query(`select pg_notify('${CHANNEL}', '')`);
      await heard;
      await new Promise((resolve) => {
        setTimeout(resolve, NOTED_MS);
      });
    },
    call: (account: Account, request: GenerateRequest) => call(deps, account, request),
    housekeep: () => housekeep(deps),
    books: (workspaces: readonly string[]) => booksOf(deps, workspaces),
    verify: () => verify(deps, owner),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export function startLivesStripe(clock: TestClock): Promise<StripeStandIn> {
  return startStripeStandIn({ now: () => Math.floor(clock.now().epochMilliseconds / 1000) });
}

async function checkout(deps: ServerDeps, stripe: StripeStandIn, account: Account, plan: string) {
  const workspace = await deps.identity.workspace(account.workspace);
  if (workspace === undefined) throw new Error(`there is no workspace ${account.workspace}`);
  const started = await deps.marketplace.checkout({
    workspace,
    actor: 'life',
    wanted: { plan },
    return_url: 'http://127.0.0.1/',
  });
  if (isRefusal(started)) return started;
  const session = started.url.split('/').at(-1) ?? '';
  return { checkout: started.id, session, customer: String(stripe.object(session)['customer']) };
}

/** As the endpoint does it: what an event switched on or off holds here by the time Stripe is answered. */
async function deliver({ marketplace, licenses }: ServerDeps, body: string, webhook_secret: string): Promise<string> {
  const signature = signatureOf(body, webhook_secret, Math.floor(systemClock.now().epochMilliseconds / 1000));
  const received = await marketplace.receive(Buffer.from(body), signature);
  if (isRefusal(received)) return received.detail;
  if (received.workspace !== undefined) await licenses.release(received.workspace);
  return received.outcome;
}

/** What was collected and is not revenue yet counts as revenue: it will be, month by month. Credits that were taken back may be given again. */
export async function booksOf(
  { pool, clock }: Pick<ServerDeps, 'pool' | 'clock'>,
  workspaces: readonly string[],
): Promise<ReadonlyMap<string, Booked>> {
  const found = new Map(
    workspaces.map((id) => [id, { revenue: new Map<string, bigint>(), tax: new Map<string, bigint>(), credits_granted: 0n }]),
  );
  for (const { workspace, account, unit, net } of await balancesOf(pool, workspaces)) {
    const own = found.get(workspace);
    if (own === undefined) continue;
    if (account.startsWith('revenue:') || account.startsWith('deferred'))
      own.revenue.set(unit, (own.revenue.get(unit) ?? 0n) - net);
    if (account === 'payable:tax') own.tax.set(unit, (own.tax.get(unit) ?? 0n) - net);
    if (account.startsWith('granted:')) own.credits_granted += net;
  }
  for (const { workspace, credits } of await creditsTakenBack(pool, { from: LONG_AGO, to: clock.now().add({ hours: 1 }) })) {
    const own = found.get(workspace);
    if (own !== undefined) own.credits_granted -= credits;
  }
  return found;
}
