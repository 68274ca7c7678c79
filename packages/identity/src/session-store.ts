import { z } from 'zod';

import type { Role } from './caller.ts';
import type { SealedStorage } from './people/sealed-storage.ts';
import { hashBytes, type SecretHash } from './secret.ts';

/** Who signed in. The tier travels with it, so that who finds it in Redis knows it without asking the database. */
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
function parseSession(stored: string | null): Session | undefined {
  return stored === null ? undefined : sessionSchema.safeParse(JSON.parse(stored)).data;
}

/** The sessions of keys, by the hash of their token, until they expire or whom they are about is erased. */
export class SessionStore {
  readonly #storage: SealedStorage;

  constructor(storage: SealedStorage) {
    this.#storage = storage;
  }

  put(token: SecretHash, session: Session, lifetime_ms: number): Promise<void> {
    return this.#storage.set(nameOf(token), JSON.stringify(session), lifetime_ms / 1000, whomOf(session));
  }

  /** Changes nothing where there is none (any more). */
  replace(token: SecretHash, session: Session, lifetime_ms: number): Promise<void> {
    return this.#storage.replace(nameOf(token), JSON.stringify(session), lifetime_ms / 1000);
  }

  /** Undefined: there is none (any more). A retryable fault: the database did not answer. */
  async get(token: SecretHash): Promise<Session | undefined> {
    return parseSession(await this.#storage.get(nameOf(token)));
  }

  remove(token: SecretHash): Promise<void> {
    return this.#storage.delete(nameOf(token));
  }

  /** Every session for a workspace, or for one of its end users. */
  removeAll(workspace: string, user?: string): Promise<void> {
    return this.#storage.endAbout(user === undefined ? workspaceOf(workspace) : userOf(workspace, user));
  }
}

function nameOf(token: SecretHash): string {
  return `key session ${hashBytes(token).toString('hex')}`;
}

function whomOf({ workspace_id, user }: Session): readonly string[] {
  if (workspace_id === null) return [];
  return user === null ? [workspaceOf(workspace_id)] : [workspaceOf(workspace_id), userOf(workspace_id, user)];
}

function workspaceOf(id: string): string {
  return `workspace ${id}`;
}

function userOf(workspace: string, user: string): string {
  return `user ${workspace} ${user}`;
}
