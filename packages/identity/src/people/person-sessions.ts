import { LruCache, type Clock } from '@purser/core';
import { databaseFault, type Pool } from '@purser/database';
import { z } from 'zod';

import type { Directory } from '../directory.ts';
import type { SecretHash } from '../secret.ts';
import type { BetterAuth } from './better-auth.ts';
import type { ClockShift } from './expire-by.ts';
import { findPerson, type Person } from './person.ts';
import type { SealedStorage } from './sealed-storage.ts';

/** How long a person's session and roles are believed; a role taken away on another server lives on here for no longer. */
const BELIEVED_MS = 700;
const CACHED_MAX = 50_000;

export interface PersonSession {
  readonly person: Person;
  /** By our clock. */
  readonly expires_ms: number;
}

interface SessionParts {
  readonly auth: () => Promise<BetterAuth>;
  readonly storage: SealedStorage;
  readonly clock: Clock;
  readonly shift: ClockShift;
  readonly directory: Directory;
  readonly pool: Pool;
}

/** Sessions of persons with a short memory in front: who it is, and what roles it has by now. */
export class PersonSessions {
  readonly #cached = new LruCache<SecretHash, { readonly open: PersonSession; readonly loaded_ms: number }>(CACHED_MAX);
  /** When a person was changed here; what was read before that, even in part, is not believed. */
  readonly #changed = new LruCache<string, number>(CACHED_MAX);
  /** When a workspace was changed, or erased, anywhere: who worked there may work elsewhere by now. */
  readonly #changed_in = new LruCache<string, number>(CACHED_MAX);
  /** Grows when a session ends here: what was being read meanwhile may have ended, and is not kept. */
  #ended = 0;
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    parts.directory.watch((workspace) => this.#forgetIn(workspace));
  }

  find(token: string, hashed: SecretHash): PersonSession | undefined | Promise<PersonSession | undefined> {
    const cached = this.#cached.get(hashed);
    // What was over when it was read may have been made longer since.
    const over = cached && cached.open.expires_ms <= this.#parts.clock.now().epochMilliseconds;
    if (cached && !over && this.#isFresh(cached.loaded_ms, cached.open.person)) return cached.open;
    return this.#load(token, hashed);
  }

  #isFresh(loaded_ms: number, { id, works_in }: Person): boolean {
    const changed_ms = Math.max(this.#changed.get(id) ?? 0, this.#changed_in.get(works_in ?? '') ?? 0);
    return performance.now() - loaded_ms < BELIEVED_MS && loaded_ms > changed_ms;
  }

  #forgetIn(workspace: string | undefined): void {
    if (workspace !== undefined) return this.#changed_in.set(workspace, performance.now());
    this.#ended += 1;
    this.#cached.clear();
  }

  async #load(token: string, hashed: SecretHash): Promise<PersonSession | undefined> {
    const loaded_ms = performance.now();
    const ended = this.#ended;
    const { internalAdapter } = await (await this.#parts.auth()).$context;
    const found = await internalAdapter.findSession(token);
    const person = found && (await findPerson(this.#parts.pool, found.user.id).catch(throwFault));
    if (!person) {
      this.#cached.delete(hashed);
      return undefined;
    }
    const open: PersonSession = { person, expires_ms: this.#parts.shift.toOurs(found.session.expiresAt.getTime()) };
    await this.#withTier(token, open, found.session);
    if (ended === this.#ended) this.#cached.set(hashed, { open, loaded_ms });
    return open;
  }

  /** The session carries the plan of the workspace it works in, as a key's session does; a changed plan is written into it. */
  async #withTier(
    token: string,
    { person, expires_ms }: PersonSession,
    session: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { works_in } = person;
    if (works_in === null) return;
    const workspace = await this.#parts.directory.workspace(works_in);
    if (workspace === undefined || workspace.plan === session['tier']) return;
    const stored = JSON.parse((await this.#parts.storage.get(token)) ?? '{}') as { session?: Record<string, unknown> };
    if (stored.session === undefined) return;
    const updated = { ...stored, session: { ...stored.session, tier: workspace.plan } };
    const seconds_left = Math.floor((expires_ms - this.#parts.clock.now().epochMilliseconds) / 1000);
    // Not by better-auth, which would set what a sign-out has taken away in between.
    if (seconds_left > 0) await this.#parts.storage.replace(token, JSON.stringify(updated), seconds_left);
  }

  /** What is believed of this person is out of date: its roles or its workspace were changed here. */
  forget(person_id: string): void {
    this.#changed.set(person_id, performance.now());
  }

  async end(token: string, hashed: SecretHash): Promise<void> {
    const { internalAdapter } = await (await this.#parts.auth()).$context;
    await internalAdapter.deleteSession(token);
    this.#ended += 1;
    this.#cached.delete(hashed);
  }

  /** Every session of a person, on every device. */
  async endAll(person_id: string): Promise<void> {
    // In one statement, or with a fault: better-auth only logs one that it meets, and goes by a list that is read and written in two.
    await this.#parts.storage.endAbout(personName(person_id));
    const { internalAdapter } = await (await this.#parts.auth()).$context;
    await internalAdapter.deleteUserSessions(person_id);
    this.forget(person_id);
  }
}

/** The storage as better-auth has it: what it keeps of a session is about the person whose it is. */
export function aboutPersons(storage: SealedStorage): SealedStorage {
  return { ...storage, set: (key, value, ttl_seconds) => storage.set(key, value, ttl_seconds, personIn(value)) };
}

const storedSession = z.object({ session: z.object({ userId: z.string() }) });

function personIn(value: string): readonly string[] {
  const { data } = storedSession.safeParse(JSON.parse(value));
  return data === undefined ? [] : [personName(data.session.userId)];
}

function personName(id: string): string {
  return `person ${id}`;
}

function throwFault(error: unknown): never {
  throw databaseFault(error);
}
