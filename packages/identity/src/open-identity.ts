import { assert, type Clock, isRefusal, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Connection, Pool } from '@purser/database';
import { createLog } from '@purser/log';

import { authenticate, type AuthenticationParts, presentedSecret } from './authenticate.ts';
import type { Authentication, Credentials } from './caller.ts';
import { type AlsoChange, type ChangedWorkspace, changeWorkspace, type WorkspaceChange } from './change-workspace.ts';
import { type CreatedWorkspace, createWorkspace, type NewWorkspace } from './create-workspace.ts';
import { Directory } from './directory.ts';
import { type AlsoRevoke, type ApiKey, type CreatedKey, createKey, listKeys, revokeOneKey, rotateKey } from './keys.ts';
import {
  countWorkspaces,
  listWorkspaces,
  type WorkspaceCounts,
  type WorkspacePage,
  type WorkspaceSearch,
} from './list-workspaces.ts';
import type { Offering } from './terms.ts';
import { openPersons, type Persons, type PersonsOptions } from './people/open-persons.ts';
import { hashSecret, secretKind } from './secret.ts';
import { SessionStore } from './session-store.ts';
import { SessionCache, type StartedSession } from './sessions.ts';
import type { Workspace } from './workspace.ts';

export interface IdentityOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly admin_token: string;
  /** What is for sale now: what new and moved workspaces go onto. */
  readonly offering: () => Offering;
  /** Where servers find sessions without asking PostgreSQL, which has them all. */
  readonly redis_url?: string;
  readonly redis_prefix?: string;
  /** How persons sign in, and what is written down of it. Absent: by no letter, from nowhere, and nothing is. */
  readonly persons?: PersonsOptions;
}

/** Who there is, and who is calling. */
export interface Identity {
  readonly persons: Persons;
  authenticate(credentials: Credentials): Authentication;
  /** In the transaction that `inside` has open, if it is given. */
  createWorkspace(wanted: NewWorkspace, inside?: Connection): Promise<CreatedWorkspace | Refusal>;
  /** In the transaction that `inside` has open, if it is given. */
  changeWorkspace(
    id: WorkspaceId,
    change: WorkspaceChange,
    also?: AlsoChange,
    inside?: Connection,
  ): Promise<ChangedWorkspace | Refusal>;
  listWorkspaces(search: WorkspaceSearch): Promise<WorkspacePage | Refusal>;
  countWorkspaces(since: Temporal.Instant): Promise<WorkspaceCounts>;
  /** At once when cached. */
  workspace(id: string): Workspace | undefined | Promise<Workspace | undefined>;
  /** What another package has just changed about it must be read again here at once; the other servers are told by Postgres. */
  forget(id: WorkspaceId): void;
  /** It was erased in another transaction: nothing this server remembers of it or of its keys holds any more. */
  forgetErased(id: WorkspaceId): void;
  workspaceByExternalId(external_id: string): Workspace | undefined | Promise<Workspace | undefined>;
  /** For a workspace, or with `workspace` absent for the platform; in the transaction that `inside` has open, if it is given. */
  createKey(
    wanted: { readonly workspace?: WorkspaceId; readonly name: string },
    inside?: Connection,
  ): Promise<CreatedKey | Refusal>;
  listKeys(workspace: WorkspaceId): Promise<readonly ApiKey[]>;
  rotateKey(id: string, overlap?: Temporal.Duration): Promise<CreatedKey | Refusal>;
  /** With `workspace`: only one of its own. */
  revokeKey(id: string, workspace?: WorkspaceId, also?: AlsoRevoke): Promise<ApiKey | Refusal>;
  /** Signs in: who presents a key gets a token for a while, good for the key's workspace (and user) alone. Sessions open no sessions. */
  startSession(credentials: Credentials): Promise<StartedSession | Refusal>;
  /** Signs out. A token that opens nothing is no error. */
  endSession(token: string): Promise<void>;
  /** Ends every session that a key opened for a workspace, or for one of its end users. */
  endSessionsFor(workspace: WorkspaceId, user?: string): Promise<void>;
  close(): Promise<void>;
}

const SESSION_LIFETIME = Temporal.Duration.from({ hours: 30 * 24 });
const ADMIN_SESSION_LIFETIME = Temporal.Duration.from({ hours: 12 });
const AT_ONCE = Temporal.Duration.from({ seconds: 0 });

const NO_PERSONS = (): PersonsOptions => ({
  public_url: 'http://127.0.0.1:4780',
  starts_per_address: 0,
  log: createLog({ level: 'silent' }),
  record: () => Promise.resolve(),
});

/** Asserts an admin token that cannot be taken for a key. */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { pool, clock, admin_token } = options;
  assert(admin_token !== '' && secretKind(admin_token) === undefined, 'the admin token must be set, and not look like a key');
  const directory = new Directory(pool);
  const people = await openPersons({ ...options, directory }, options.persons ?? NO_PERSONS());
  const sessions = new SessionCache(new SessionStore(people.storage), directory, clock);
  const parts: AuthenticationParts = { directory, sessions, persons: people.sessions, adminHash: hashSecret(admin_token), clock };
  const writing = () => ({ pool, clock, offering: options.offering() });
  await directory.start();
  return {
    persons: people.persons,
    authenticate: (credentials) => authenticate(parts, credentials),
    createWorkspace: (wanted, inside) => createWorkspace(writing(), wanted, inside),
    async changeWorkspace(id, change, also, inside) {
      const changed = await changeWorkspace(writing(), id, change, also, inside);
      // The others are told by Postgres; whoever asks here next must not be told the old.
      directory.forget({ of: 'workspace', id });
      return changed;
    },
    listWorkspaces: (search) => listWorkspaces(pool, search),
    countWorkspaces: (since) => countWorkspaces(pool, since),
    workspace: (id) => directory.workspace(id),
    forget: (id) => directory.forget({ of: 'workspace', id }),
    forgetErased(id) {
      directory.forget({ of: 'workspace', id });
      directory.forgetKeys();
    },
    workspaceByExternalId: (external_id) => directory.workspaceByExternalId(external_id),
    createKey: (wanted, inside) => createKey(pool, { ...wanted, now: clock.now() }, inside),
    listKeys: (workspace) => listKeys(pool, workspace),
    async rotateKey(id, overlap = AT_ONCE) {
      const rotated = await rotateKey(pool, id, clock.now(), overlap);
      directory.forgetKeys();
      return rotated;
    },
    async revokeKey(id, workspace, also) {
      const revoked = await revokeOneKey(pool, id, clock.now(), workspace, also);
      directory.forgetKeys();
      return revoked;
    },
    startSession: (credentials) => startSession(parts, credentials),
    endSession: (token) =>
      secretKind(token) === 'session' ? sessions.end(hashSecret(token)) : people.sessions.end(token, hashSecret(token)),
    endSessionsFor: (workspace, user) => sessions.endAll(workspace, user),
    async close() {
      await directory.close();
      await people.close();
    },
  };
}

async function startSession(parts: AuthenticationParts, credentials: Credentials): Promise<StartedSession | Refusal> {
  const secret = presentedSecret(credentials);
  const caller = await authenticate(parts, credentials);
  if (isRefusal(caller)) return caller;
  if (caller.kind === 'session') return refuse('forbidden', 'a session cannot start another session; sign in with a key');
  if (caller.kind === 'platform_key' && !caller.workspace) {
    return refuse('invalid_request', 'want the header Purser-Workspace: the workspace the session is for');
  }
  const lifetime = caller.kind === 'admin' ? ADMIN_SESSION_LIFETIME : SESSION_LIFETIME;
  return parts.sessions.start(hashSecret(secret ?? ''), caller, lifetime);
}
