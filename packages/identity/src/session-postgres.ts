import type { SealedStorage } from './people/sealed-storage.ts';
import { hashBytes, type SecretHash } from './secret.ts';
import { parseSession, type Session, type SessionStore } from './session-store.ts';

/** Sessions in Postgres, for an installation without Redis: a restart signs nobody out. */
export class PostgresSessions implements SessionStore {
  readonly #storage: SealedStorage;

  constructor(storage: SealedStorage) {
    this.#storage = storage;
  }

  put(token: SecretHash, session: Session, lifetime_ms: number): Promise<void> {
    return this.#storage.set(nameOf(token), JSON.stringify(session), lifetime_ms / 1000);
  }

  replace(token: SecretHash, session: Session, lifetime_ms: number): Promise<void> {
    return this.#storage.replace(nameOf(token), JSON.stringify(session), lifetime_ms / 1000);
  }

  async get(token: SecretHash): Promise<Session | undefined> {
    return parseSession(await this.#storage.get(nameOf(token)));
  }

  remove(token: SecretHash): Promise<void> {
    return this.#storage.delete(nameOf(token));
  }

  /** What it keeps them in is closed by whoever opened it. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function nameOf(token: SecretHash): string {
  return `key session ${hashBytes(token).toString('hex')}`;
}
