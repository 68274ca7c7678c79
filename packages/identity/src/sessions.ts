import { LruCache, type Clock } from '@purser/core';

import type { Caller } from './caller.ts';
import type { Directory } from './directory.ts';
import { hashBytes, hashFromHex, hashSecret, newSecret, type SecretHash } from './secret.ts';
import type { Session, SessionStore } from './session-store.ts';

/** How long a session is believed without asking the store again; one ended on another server lives on here for no longer. */
const BELIEVED_MS = 700;
const CACHED_MAX = 50_000;

/** A session as every request needs it, its parts read once. */
export interface OpenSession {
  readonly session: Session;
  readonly opener: SecretHash;
  readonly expires_ms: number;
}

/** Sessions with a short memory in front of their store. */
export class SessionCache {
  readonly #cached = new LruCache<SecretHash, { readonly open: OpenSession; readonly loaded_ms: number }>(CACHED_MAX);
  readonly #store: SessionStore;
  readonly #directory: Directory;
  readonly #clock: Clock;
  /** Grows when sessions end here: what was being read meanwhile may have ended, and is not kept. */
  #ended = 0;

  constructor(store: SessionStore, directory: Directory, clock: Clock) {
    this.#store = store;
    this.#directory = directory;
    this.#clock = clock;
  }

  find(token: SecretHash): OpenSession | undefined | Promise<OpenSession | undefined> {
    const cached = this.#cached.get(token);
    if (cached && performance.now() - cached.loaded_ms < BELIEVED_MS) return cached.open;
    return this.#load(token);
  }

  async #load(token: SecretHash): Promise<OpenSession | undefined> {
    const loaded_ms = performance.now();
    const ended = this.#ended;
    const stored = await this.#store.get(token);
    if (stored === undefined) {
      this.#cached.delete(token);
      return undefined;
    }
    const session = await this.#withTier(token, stored);
    const open: OpenSession = {
      session,
      opener: hashFromHex(session.key_sha256),
      expires_ms: Temporal.Instant.from(session.expires_at).epochMilliseconds,
    };
    if (ended === this.#ended) this.#cached.set(token, { open, loaded_ms });
    return open;
  }

  /** A workspace that has changed its plan since: the session is told. */
  async #withTier(token: SecretHash, session: Session): Promise<Session> {
    if (session.workspace_id === null) return session;
    const workspace = await this.#directory.workspace(session.workspace_id);
    if (workspace === undefined || workspace.plan === session.tier) return session;
    const updated = { ...session, tier: workspace.plan };
    // Signed out in between, it stays so.
    await this.#store.replace(token, updated, this.#leftOf(updated));
    return updated;
  }

  async start(opener: SecretHash, caller: Caller, lifetime: Temporal.Duration): Promise<StartedSession> {
    const token = newSecret('session');
    const expires_at = this.#clock.now().add(lifetime);
    const session: Session = {
      workspace_id: caller.workspace?.id ?? null,
      tier: caller.workspace?.plan ?? null,
      user: caller.user ?? null,
      actor: `session:${caller.actor}`,
      // The token goes to a browser: of what the founder's backend may do it carries no more than its own workspace.
      roles: caller.kind === 'admin' ? caller.roles : ['member'],
      key_sha256: hashBytes(opener).toString('hex'),
      expires_at: expires_at.toString(),
    };
    await this.#store.put(hashSecret(token), session, this.#leftOf(session));
    return { token, expires_at };
  }

  async end(token: SecretHash): Promise<void> {
    await this.#store.remove(token);
    this.#ended += 1;
    this.#cached.delete(token);
  }

  /** Every session for a workspace, or for one of its end users. */
  async endAll(workspace: string, user?: string): Promise<void> {
    await this.#store.removeAll(workspace, user);
    this.#ended += 1;
    this.#cached.clear();
  }

  #leftOf({ expires_at }: Session): number {
    const left = Temporal.Instant.from(expires_at).since(this.#clock.now());
    return Math.max(1, Math.ceil(left.total('milliseconds')));
  }
}

export interface StartedSession {
  /** Shown once: for the `Authorization` header or an HttpOnly cookie. */
  readonly token: string;
  readonly expires_at: Temporal.Instant;
}
