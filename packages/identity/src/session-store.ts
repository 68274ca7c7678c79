import { z } from 'zod';

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

const sessionSchema = z.strictObject({
  workspace_id: z.string().nullable(),
  tier: z.string().nullable(),
  user: z.string().nullable(),
  actor: z.string(),
  roles: z.array(z.enum(['member', 'platform', 'admin'])),
  key_sha256: z.string(),
  expires_at: z.iso.datetime(),
});

/** An entry of another version of the program is nobody's session: signing in again mends it. */
export function parseSession(stored: string | null): Session | undefined {
  return stored === null ? undefined : sessionSchema.safeParse(JSON.parse(stored)).data;
}

/** Where sessions are kept: by the hash of their token, until they expire. */
export interface SessionStore {
  put(token: SecretHash, session: Session, lifetime_ms: number): Promise<void>;
  /** Changes nothing where there is none (any more). */
  replace(token: SecretHash, session: Session, lifetime_ms: number): Promise<void>;
  /** Undefined: there is none (any more). A retryable fault: the store did not answer. */
  get(token: SecretHash): Promise<Session | undefined>;
  remove(token: SecretHash): Promise<void>;
  close(): Promise<void>;
}
