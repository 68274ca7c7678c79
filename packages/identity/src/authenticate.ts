import { timingSafeEqual } from 'node:crypto';

import { type Clock, Fault, isRefusal, isUuid, type Refusal, refuse } from '@purser/core';

import {
  type Authentication,
  type Caller,
  type CallerKind,
  type Credentials,
  type Role,
  USER_NAME,
  WANTED_USER_NAME,
} from './caller.ts';
import type { Directory, KeyRecord } from './directory.ts';
import { hashBytes, hashSecret, type SecretHash, secretKind } from './secret.ts';
import type { Person } from './people/person.ts';
import type { PersonSession, PersonSessions } from './people/person-sessions.ts';
import type { OpenSession, SessionCache } from './sessions.ts';
import type { Workspace } from './workspace.ts';

export interface AuthenticationParts {
  readonly directory: Directory;
  readonly sessions: SessionCache;
  readonly persons: PersonSessions;
  readonly adminHash: SecretHash;
  readonly clock: Clock;
}

type Later<Value> = Value | Promise<Value>;

/** Who a caller is before the workspace it acts for is looked up. */
interface Identified {
  readonly kind: CallerKind;
  readonly workspace_id: string | null;
  readonly user: string | null;
  readonly actor: string;
  readonly roles: readonly Role[];
  readonly person?: Person;
}

/** What better-auth makes its session tokens of. */
const PERSON_TOKEN = /^[A-Za-z0-9]{32}$/;
const MEMBER: readonly Role[] = Object.freeze(['member']);
const PLATFORM_ROLE: readonly Role[] = Object.freeze(['platform']);
const MANAGER: readonly Role[] = Object.freeze(['member', 'manager']);
const ADMIN: readonly Role[] = Object.freeze(['admin']);
const NOBODY: readonly Role[] = Object.freeze([]);
const UNKNOWN = refuse(
  'unauthenticated',
  'invalid API key: it is not known here, or was revoked; want a workspace key, session token, platform key or the admin token',
);
const NOT_YOURS = refuse('forbidden', 'you belong to no workspace that Purser-Workspace names');
const ENDED = refuse('unauthenticated', 'the session has expired; sign in again');
const NOTHING = refuse(
  'unauthenticated',
  'want the header "authorization: Bearer <key>" with a workspace key, session token, platform key or the admin token',
);

/**
 * Who is calling, and for which workspace. At once when the key, the session and the workspace are cached.
 * Refuses `unauthenticated`, `invalid_request` (a malformed `Purser-User`), `forbidden` (another's workspace), `not_found` (no such workspace),
 * `overloaded` (the database or the session store does not answer: nobody is let in unseen).
 */
export function authenticate(parts: AuthenticationParts, credentials: Credentials): Authentication {
  if (credentials.purserUser !== undefined && !USER_NAME.test(credentials.purserUser)) {
    return refuse('invalid_request', `Purser-User: ${WANTED_USER_NAME}`);
  }
  const secret = presentedSecret(credentials);
  if (secret === undefined) return NOTHING;
  try {
    const caller = then(identify(parts, secret), (known) =>
      isRefusal(known) ? known : complete(parts.directory, known, credentials),
    );
    return caller instanceof Promise ? caller.catch(refuseWhenAway) : caller;
  } catch (error) {
    return refuseWhenAway(error);
  }
}

function identify(parts: AuthenticationParts, secret: string): Later<Identified | Refusal> {
  const hashed = hashSecret(secret);
  const kind = secretKind(secret);
  if (kind === undefined) {
    if (timingSafeEqual(hashBytes(hashed), hashBytes(parts.adminHash))) return adminCaller();
    if (!PERSON_TOKEN.test(secret)) return UNKNOWN;
    return then(parts.persons.find(secret, hashed), (session) => fromPerson(parts, session));
  }
  if (kind === 'session') return then(parts.sessions.find(hashed), (session) => fromSession(parts, session));
  return then(parts.directory.key(hashed), (key) => fromKey(parts.clock, key));
}

function adminCaller(): Identified {
  return { kind: 'admin', workspace_id: null, user: null, actor: 'admin', roles: ADMIN };
}

function fromKey(clock: Clock, key: KeyRecord | undefined): Identified | Refusal {
  if (key === undefined || isRevoked(clock, key)) return UNKNOWN;
  return key.kind === 'workspace'
    ? { kind: 'workspace_key', workspace_id: key.workspace_id, user: null, actor: `key:${key.prefix}`, roles: MEMBER }
    : { kind: 'platform_key', workspace_id: null, user: null, actor: `platform:${key.prefix}`, roles: PLATFORM_ROLE };
}

function fromSession(parts: AuthenticationParts, open: OpenSession | undefined): Later<Identified | Refusal> {
  if (open === undefined || open.expires_ms <= parts.clock.now().epochMilliseconds) return ENDED;
  const { workspace_id, user, actor, roles } = open.session;
  const known: Identified = { kind: 'session', workspace_id, user, actor, roles };
  if (open.opener === parts.adminHash) return known;
  return then(parts.directory.key(open.opener), (key) => (key === undefined || isRevoked(parts.clock, key) ? ENDED : known));
}

function fromPerson({ clock }: AuthenticationParts, open: PersonSession | undefined): Identified | Refusal {
  if (open === undefined || open.expires_ms <= clock.now().epochMilliseconds) return ENDED;
  const { person } = open;
  return {
    kind: 'session',
    workspace_id: person.works_in,
    user: person.counts_as,
    actor: `person:${person.id}`,
    roles: rolesIn(person, person.works_in),
    person,
  };
}

/** What a person may do in a workspace; an operator who is no member of it administers, and spends nothing there. */
function rolesIn({ operator, memberships }: Person, workspace_id: string | null): readonly Role[] {
  const role = workspace_id === null ? undefined : memberships.get(workspace_id);
  if (role === undefined) return operator ? ADMIN : NOBODY;
  const roles = role === 'member' ? MEMBER : MANAGER;
  return operator ? [...roles, 'admin'] : roles;
}

/** A revocation may lie ahead: a rotated key lives on for a while. */
function isRevoked(clock: Clock, { revoked_at }: KeyRecord): boolean {
  return revoked_at !== null && Temporal.Instant.compare(revoked_at, clock.now()) <= 0;
}

function complete(directory: Directory, known: Identified, { purserWorkspace, purserUser }: Credentials): Authentication {
  if (known.user !== null && purserUser !== undefined && purserUser !== known.user) {
    return refuse('forbidden', 'this session belongs to another user than Purser-User names');
  }
  const user = known.user ?? purserUser;
  if (known.person !== undefined && purserWorkspace !== undefined) return completeNamed(directory, known, purserWorkspace);
  if (known.workspace_id !== null) {
    return then(directory.workspace(known.workspace_id), (workspace) => {
      if (workspace === undefined || workspace.erased_at !== undefined) return UNKNOWN;
      if (purserWorkspace !== undefined && purserWorkspace !== workspace.id && purserWorkspace !== workspace.external_id) {
        return refuse('forbidden', 'this key belongs to another workspace than Purser-Workspace names');
      }
      return callerOf(known, workspace, user);
    });
  }
  if (purserWorkspace === undefined) return callerOf(known, undefined, user);
  return then(named(directory, purserWorkspace), (workspace) =>
    workspace === undefined
      ? refuse('not_found', 'no workspace has the id or external_id that Purser-Workspace names')
      : callerOf(known, workspace, user),
  );
}

/** A person names one of its workspaces; another's is as unknown to it as one that does not exist. An operator may name any. */
function completeNamed(directory: Directory, known: Identified, name: string): Authentication {
  const { person } = known;
  return then(named(directory, name), (workspace) => {
    const roles = workspace && person ? rolesIn(person, workspace.id) : NOBODY;
    if (workspace === undefined || roles.length === 0) return NOT_YOURS;
    return callerOf({ ...known, roles }, workspace, known.user ?? undefined);
  });
}

/** By our id, else by the founder's name for it, which may look like an id too. */
function named(directory: Directory, name: string): Later<Workspace | undefined> {
  if (!isUuid(name)) return directory.workspaceByExternalId(name);
  return then(directory.workspace(name.toLowerCase()), (workspace) =>
    workspace === undefined || workspace.erased_at !== undefined ? directory.workspaceByExternalId(name) : workspace,
  );
}

function callerOf(
  { kind, actor, roles, person }: Identified,
  workspace: Workspace | undefined,
  user: string | undefined,
): Caller {
  return { kind, actor, roles, ...(workspace && { workspace }), ...(user !== undefined && { user }), ...(person && { person }) };
}

/** The secret that a request carries; the header goes before the cookie. */
export function presentedSecret({ authorization, cookie }: Credentials): string | undefined {
  if (authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  // A person's cookie carries better-auth's signature behind the token; the token alone has all the chance in it.
  return cookie === undefined ? undefined : /(?:^|; *)purser_session=([^;.\s]+)/.exec(cookie)?.[1];
}

function refuseWhenAway(error: unknown): Refusal {
  if (error instanceof Fault && error.retryable)
    return refuse('overloaded', `${error.message}; try again`, { retryAfterSeconds: 1 });
  throw error;
}

/** Goes on at once where nothing is awaited: a cached caller costs no turn of the event loop. */
function then<Value, Next>(value: Value | Promise<Value>, next: (value: Value) => Next | Promise<Next>): Next | Promise<Next> {
  return value instanceof Promise ? (async () => next(await value))() : next(value);
}
