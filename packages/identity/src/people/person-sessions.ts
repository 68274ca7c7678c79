import { BoundedMap, databaseFault, type Pool } from '@purser/base';

import type { Directory } from '../directory.ts';
import type { SecretHash } from '../secret.ts';
import type { BetterAuth } from './better-auth.ts';
import { findPerson, type Person } from './person.ts';

/** How long a person's session and roles are believed; a role taken away on another server lives on here for no longer. */
const BELIEVED_MS = 700;
const CACHED_MAX = 50_000;

export interface PersonSession {
  readonly person: Person;
  readonly expires_ms: number;
}

/** Sessions of persons with a short memory in front: who it is, and what roles it has by now. */
export class PersonSessions {
  readonly #cached = new BoundedMap<SecretHash, { readonly open: PersonSession; readonly loaded_ms: number }>(CACHED_MAX);
  readonly #auth: BetterAuth;
  readonly #directory: Directory;
  readonly #pool: Pool;

  constructor(auth: BetterAuth, directory: Directory, pool: Pool) {
    this.#auth = auth;
    this.#directory = directory;
    this.#pool = pool;
  }

  find(token: string, hashed: SecretHash): PersonSession | undefined | Promise<PersonSession | undefined> {
    const cached = this.#cached.get(hashed);
    if (cached && performance.now() - cached.loaded_ms < BELIEVED_MS) return cached.open;
    return this.#load(token, hashed);
  }

  async #load(token: string, hashed: SecretHash): Promise<PersonSession | undefined> {
    const loaded_ms = performance.now();
    const { internalAdapter } = await this.#auth.$context;
    const found = await internalAdapter.findSession(token);
    const person = found && (await findPerson(this.#pool, found.user.id).catch(throwFault));
    if (!person) {
      this.#cached.delete(hashed);
      return undefined;
    }
    await this.#withTier(token, person, 'tier' in found.session ? found.session['tier'] : undefined);
    const open: PersonSession = { person, expires_ms: found.session.expiresAt.getTime() };
    this.#cached.set(hashed, { open, loaded_ms });
    return open;
  }

  /** The session carries the plan of the workspace it works in, as a key's session does; a changed plan is written into it. */
  async #withTier(token: string, { works_in }: Person, tier: unknown): Promise<void> {
    if (works_in === null) return;
    const workspace = await this.#directory.workspace(works_in);
    if (workspace === undefined || workspace.plan === tier) return;
    const { internalAdapter } = await this.#auth.$context;
    await internalAdapter.updateSession(token, { tier: workspace.plan });
  }

  /** What is believed of anybody may be out of date: roles were changed here. */
  forget(): void {
    this.#cached.clear();
  }

  async end(token: string, hashed: SecretHash): Promise<void> {
    const { internalAdapter } = await this.#auth.$context;
    await internalAdapter.deleteSession(token);
    this.#cached.delete(hashed);
  }

  /** Every session of a person, on every device. */
  async endAll(person_id: string): Promise<void> {
    const { internalAdapter } = await this.#auth.$context;
    await internalAdapter.deleteUserSessions(person_id);
    this.forget();
  }
}

function throwFault(error: unknown): never {
  throw databaseFault(error);
}
