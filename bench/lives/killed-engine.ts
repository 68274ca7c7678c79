import { setTimeout as sleep } from 'node:timers/promises';

import { refuse, systemClock, type TestClock, type WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import { signatureOf, type StripeStandIn } from '@purser/marketplace/standins';
import { booksOf } from '@purser/server';
import type { LivesEngine } from '@purser/simulation';

import type { KillableServer } from '../kills/servers.ts';

const ADMIN_TOKEN = 'bench-admin-token-of-forty-characters-00';
/** Stripe repeats what was not answered; so often here, and so soon. */
const DELIVERIES_MAX = 60;
const AGAIN_MS = 250;
/** A change is known to every server within a second. */
const KNOWN_MS = 1_200;
/** One delivery in so many is the last thing that its server does. */
const KILL_EVERY = 15;
const KILL_WITHIN_MS = 25;

interface Given {
  readonly servers: readonly KillableServer[];
  readonly stripe: StripeStandIn;
  readonly pool: Pool;
  readonly clock: TestClock;
}

/** Several servers of one installation, of which one may be killed at any moment; their clocks begin anew with them and are brought to the time again. */
class KillableFleet {
  readonly #servers: readonly KillableServer[];
  readonly #clock: TestClock;
  readonly #told = new Map<string, { readonly started: number; readonly at: number }>();
  readonly #restarting = new Set<KillableServer>();
  #turn = 0;
  kills = 0;

  constructor(servers: readonly KillableServer[], clock: TestClock) {
    this.#servers = servers;
    this.#clock = clock;
  }

  next(): KillableServer {
    const up = this.#servers.filter((server) => !this.#restarting.has(server));
    const server = up[this.#turn++ % up.length] ?? this.#servers[0];
    if (server === undefined) throw new Error('there is no server');
    return server;
  }

  /** To any server that is up, until one answers. */
  async ask(path: string, body: object | string, key: string, headers: Record<string, string> = {}): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const server = this.next();
      try {
        await this.#atTime(server);
        const response = await post(server.origin, path, body, key, headers);
        if (response.status < 500) return response;
      } catch (error) {
        if (attempt >= DELIVERIES_MAX) throw error;
      }
      if (attempt >= DELIVERIES_MAX) throw new Error(`${path} was not answered`);
      await sleep(AGAIN_MS);
    }
  }

  kill(): void {
    if (this.#restarting.size > 0) return;
    const server = this.next();
    this.#restarting.add(server);
    this.kills += 1;
    setTimeout(() => {
      server
        .kill()
        .then(() => this.#restarting.delete(server))
        .catch((error: unknown) => {
          throw error;
        });
    }, Math.random() * KILL_WITHIN_MS);
  }

  async #atTime(server: KillableServer): Promise<void> {
    const at = this.#clock.now().epochMilliseconds;
    const known = this.#told.get(server.origin);
    if (known?.started === server.starts && known.at === at) return;
    const response = await post(server.origin, '/api/admin/clock', { now: this.#clock.now().toString() }, ADMIN_TOKEN);
    // Another request brought it there a moment ago.
    if (!response.ok && response.status !== 400) throw new Error(`the clock of ${server.origin}: ${await response.text()}`);
    this.#told.set(server.origin, { started: server.starts, at });
  }
}

/** Lives over HTTP on several servers, of which one is killed in the middle of a delivery now and then; what nobody answered is delivered again, to another. */
export function openKilledEngine({ servers, stripe, pool, clock }: Given): LivesEngine & { readonly kills: () => number } {
  const fleet = new KillableFleet(servers, clock);
  let deliveries = 0;
  return {
    clock,
    kills: () => fleet.kills,
    async open(wanted) {
      const accounts: { workspace: WorkspaceId; key: string }[] = [];
      for (const { name, plan } of wanted) {
        const made = (await (await fleet.ask('/api/admin/workspaces', { name, plan }, ADMIN_TOKEN)).json()) as {
          id: WorkspaceId;
          key: string;
        };
        accounts.push({ workspace: made.id, key: made.key });
      }
      return accounts;
    },
    async checkout({ key }, plan) {
      const response = await fleet.ask('/api/marketplace/checkout', { plan }, key);
      const answer = (await response.json()) as { id: string; url: string; detail?: string };
      if (!response.ok) return refuse('limit_reached', answer.detail ?? '');
      const session = answer.url.split('/').at(-1) ?? '';
      return { checkout: answer.id, session, customer: String(stripe.object(session)['customer']) };
    },
    show: (object) => {
      stripe.replace(object);
    },
    async deliver(body) {
      deliveries += 1;
      if (deliveries % KILL_EVERY === 0) fleet.kill();
      const signature = signatureOf(body, stripe.webhook_secret, Math.floor(systemClock.now().epochMilliseconds / 1000));
      const response = await fleet.ask('/api/webhooks/stripe', body, '', { 'stripe-signature': signature });
      const answer = (await response.json()) as { outcome?: string; detail?: string };
      return answer.outcome ?? answer.detail ?? String(response.status);
    },
    known: () => sleep(KNOWN_MS),
    async call({ key }, { output_tokens_max: max_output_tokens, ...request }) {
      const response = await fleet.ask('/api/ai/generate', { ...request, max_output_tokens }, key);
      const answer = (await response.json()) as {
        usage: { input_tokens: number; output_tokens: number };
        code: 'limit_reached';
        detail: string;
      };
      return response.ok ? answer : refuse(answer.code, answer.detail);
    },
    housekeep: () => Promise.resolve(),
    books: (workspaces) => booksOf({ pool, clock }, workspaces),
    async verify() {
      const books = (await (
        await fetch(`${fleet.next().origin}/api/admin/ledger/verify`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
      ).json()) as { balanced: boolean; mismatches: unknown[] };
      return [...(books.balanced ? [] : ['the ledger does not balance']), ...books.mismatches.map((one) => JSON.stringify(one))];
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function post(
  origin: string,
  path: string,
  body: object | string,
  key: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== '' && { authorization: `Bearer ${key}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
}
