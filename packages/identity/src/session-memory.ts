import { BoundedMap } from '@purser/base';

import type { SecretHash } from './secret.ts';
import type { Session, SessionStore } from './session-store.ts';

const SESSIONS_MAX = 100_000;

/** Sessions of one process: gone when it ends, and the longest unused first when there are too many. */
export class MemorySessions implements SessionStore {
  readonly #sessions = new BoundedMap<SecretHash, Session>(SESSIONS_MAX);

  put(token: SecretHash, session: Session): Promise<void> {
    this.#sessions.set(token, session);
    return Promise.resolve();
  }

  get(token: SecretHash): Promise<Session | undefined> {
    return Promise.resolve(this.#sessions.get(token));
  }

  remove(token: SecretHash): Promise<void> {
    this.#sessions.delete(token);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#sessions.clear();
    return Promise.resolve();
  }
}
