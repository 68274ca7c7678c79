import type { Refusal } from '@purser/core';

import type { Person } from './people/person.ts';
import type { Workspace } from './workspace.ts';

/**
 * - `workspace_key`: a key of one workspace.
 * - `session`: someone who signed in, by a key or as a person; for a while.
 * - `platform_key`: the founder's own backend, acting for whichever workspace it names.
 * - `admin`: the operator's token.
 */
export type CallerKind = 'workspace_key' | 'session' | 'platform_key' | 'admin';

/**
 * - `member`: works and spends in its workspace. - `manager`: administers its workspace, as its owner or admin.
 * - `platform`: acts for any workspace. - `admin`: operates the installation, by its token or as an operator.
 */
export type Role = 'member' | 'manager' | 'platform' | 'admin';

/** What an end user may be called, by whichever door its name comes. */
export const USER_NAME = /^[^\p{Cc}]{1,256}$/u;
export const WANTED_USER_NAME = 'want 1 to 256 characters, none of them control characters';

/** Who is calling, and for whom. */
export interface Caller {
  readonly kind: CallerKind;
  /** Absent for a platform key or an admin that named none. */
  readonly workspace?: Workspace;
  /** The end user inside the workspace, as the caller names it; per-user limits count by it. */
  readonly user?: string;
  /** For the audit trail: `key:purser_ws_Ab12`, `session:…`, `admin`. Never a secret. */
  readonly actor: string;
  readonly roles: readonly Role[];
  /** Who signed in, when that was a person and no key. */
  readonly person?: Person;
}

/** What a request carries, as the headers came. */
export interface Credentials {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
  readonly purserWorkspace?: string | undefined;
  readonly purserUser?: string | undefined;
}

/** At once when everything is cached, else as a promise; `await` takes both. */
export type Authentication = Caller | Refusal | Promise<Caller | Refusal>;

export function hasRole(caller: Caller, role: Role): boolean {
  return caller.roles.includes(role);
}
