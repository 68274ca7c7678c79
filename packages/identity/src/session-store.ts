import type { Role } from './caller.ts';
import type { SecretHash } from './secret.ts';

/** Who signed in. The tier travels with it, so that whoever holds the session store can act on it without asking the database. */
export interface Session {
  readonly workspace_id: string | null;
  /** The plan's code, as of the last time anybody looked. */
  readonly tier: string | null;
  readonly user: string | null;
  readonly actor: string;
  readonly roles: readonly Role[];
  /** Hex SHA-256 of the key it was opened with: a revoked key ends its sessions. */
  readonly key_sha256: string;
  readonly expires_at: string;
}

/** Where sessions are kept: by the hash of their token, until they expire. */
export interface SessionStore {
  put(token: SecretHash, session: Session, lifetime_ms: number): Promise<void>;
  /** Undefined: there is none (any more). A retryable fault: the store did not answer. */
  get(token: SecretHash): Promise<Session | undefined>;
  remove(token: SecretHash): Promise<void>;
  close(): Promise<void>;
}
