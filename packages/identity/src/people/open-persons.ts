import type { Clock, Refusal, WorkspaceId } from '@purser/core';
import type { Connection, Pool } from '@purser/database';
import type { Log } from '@purser/log';
import { type Mail, printedMail, smtpMail } from '@purser/mail';

import type { Directory } from '../directory.ts';
import type { Offering } from '../terms.ts';
import type { AuthParts, BetterAuth } from './better-auth.ts';
import { sharedSecret, derivedKey } from './shared-secret.ts';
import type { RecordAuditEvent } from './audit-event.ts';
import type { EntryStore } from './entry-store.ts';
import { RedisEntryCache } from './entry-cache-redis.ts';
import { CachedEntries } from './entry-store-cached.ts';
import { PostgresEntries } from './entry-store-postgres.ts';
import { acceptInvitation, type Invitation, invitationsFor, invite, listInvitations, withdrawInvitation } from './invitations.ts';
import { expiringBy, shiftBetween } from './expire-by.ts';
import { linkPerson } from './link.ts';
import {
  type Authority,
  changeMemberRole,
  listMembers,
  listOperators,
  type Member,
  type Operator,
  removeMember,
  removeOperator,
} from './members.ts';
import type { MemberRole, Person } from './person.ts';
import { aboutPersons, PersonSessions } from './person-sessions.ts';
import type { Origin } from './personal-workspace.ts';
import { type SealedStorage, sealedStorage } from './sealed-storage.ts';
import {
  askedName,
  linkAddress,
  linkEmail,
  mailboxOf,
  type Presented,
  renew,
  requestLink,
  type SignedIn,
  signInAnonymously,
  takeLink,
  type SignInParts,
} from './sign-in.ts';

export interface PersonsOptions {
  /** What the world calls this installation: `https://purser.example`. Links lead there. */
  readonly public_url: string;
  /** The origin of a web client that is served from elsewhere: links and invitations lead there. */
  readonly web_url?: string | undefined;
  /** Where letters go out. */
  readonly smtp_url?: string;
  readonly smtp_from?: string;
  /** On a local start: where letters are printed while there is no mail server. Without either, links are refused. */
  readonly print?: (text: string) => void;
  /** Free starts without a mailbox, from one address in 30 days. */
  readonly starts_per_address: number;
  readonly log: Log;
  readonly record: RecordAuditEvent;
}

/** Who signs in, and what they may do in which workspace. */
export interface Persons {
  signInAnonymously(origin: Origin, timezone?: string): Promise<SignedIn | Refusal>;
  /** `asker`: who asks, if that is known. */
  requestLink(email: string, address: string, callback?: string, asker?: Pick<Person, 'id' | 'email'>): Promise<true | Refusal>;
  /** Whose link it is; it stays as it was. */
  mailboxOf(token: string): Promise<string | Refusal>;
  takeLink(token: string, presented: Presented, origin: Origin): Promise<SignedIn | Refusal>;
  renew(presented: Presented): Promise<readonly string[]>;
  /** Ends every session of a person, on every device. */
  signOutEverywhere(person: Person): Promise<void>;
  /** The same for one who may be gone already. */
  endSessions(person_id: string): Promise<void>;
  /** From now on requests that name no workspace act in this one. */
  workIn(person: Person, workspace: WorkspaceId): Promise<void>;
  members(workspace: WorkspaceId): Promise<readonly Member[]>;
  changeRole(workspace: WorkspaceId, id: string, role: MemberRole, by: Authority): Promise<Member | Refusal>;
  removeMember(workspace: WorkspaceId, id: string, by: Authority): Promise<Member | Refusal>;
  operators(): Promise<readonly Operator[]>;
  removeOperator(id: string, actor: string): Promise<true | Refusal>;
  invite(
    wanted: { readonly workspace: WorkspaceId; readonly email: string; readonly role: MemberRole | 'operator' },
    by: Authority,
    inside?: Connection,
  ): Promise<Invitation | Refusal>;
  /** Whether letters leave at all. */
  readonly writes: boolean;
  /** Sends the letter of an invitation. It stands whether or not that arrives: who signs in by the mailbox sees it. */
  writeInvitation(invitation: Invitation, to: string): Promise<void>;
  invitations(workspace: WorkspaceId): Promise<readonly Invitation[]>;
  invitationsFor(person: Person): Promise<readonly (Invitation & { readonly workspace_name: string | null })[]>;
  acceptInvitation(id: string, person: Person): Promise<Invitation | Refusal>;
  withdrawInvitation(workspace: WorkspaceId, id: string, by: Authority): Promise<true | Refusal>;
}

interface PersonsDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly offering: () => Offering;
  readonly directory: Directory;
  readonly redis_url?: string;
  readonly redis_prefix?: string;
}

export interface OpenPersons {
  readonly persons: Persons;
  readonly sessions: PersonSessions;
  /** Where sessions lie sealed. */
  readonly storage: SealedStorage;
  close(): Promise<void>;
}

/** Loaded when somebody first signs in: 70 MB of code that a server of keys alone never needs. */
async function openSignIn(parts: AuthParts): Promise<BetterAuth> {
  const { openBetterAuth } = await import('./better-auth.ts');
  return openBetterAuth(parts);
}

export async function openPersons(given: PersonsDeps, options: PersonsOptions): Promise<OpenPersons> {
  const { pool, clock, offering, directory } = given;
  const { log, record, public_url, web_url } = options;
  const secret = await sharedSecret(pool);
  const naming = derivedKey(secret, 'sources');
  const store = openEntries(given);
  const shift = shiftBetween(clock);
  const storage = expiringBy(shift, sealedStorage(store, secret));
  const mail = mailOf(options);
  let opened: Promise<BetterAuth> | undefined;
  const auth = (): Promise<BetterAuth> =>
    (opened ??= openSignIn({
      pool,
      secret,
      log,
      public_url,
      storage: aboutPersons(storage),
      sendLink: async (email, token, onward) => mail?.send(linkEmail(email, linkAddress({ public_url, web_url }, token, onward))),
      async link(anonymous_id, person) {
        if ((await storage.getAndDelete(askedName(anonymous_id, person.email))) === null) return;
        for (const workspace of await linkPerson({ pool, clock, offering, record }, anonymous_id, person.id)) {
          directory.forget({ of: 'workspace', id: workspace });
        }
        sessions.forget(person.id);
        await sessions.endAll(anonymous_id);
      },
    }));
  const sessions = new PersonSessions({ auth, storage, clock, shift, directory, pool });
  const { starts_per_address } = options;
  const signing: SignInParts = {
    pool,
    clock,
    offering,
    record,
    naming,
    starts_per_address,
    auth,
    persons: sessions,
    storage,
    public_url,
    log,
    mail,
  };
  return {
    sessions,
    storage,
    persons: personsOf(signing, web_url),
    async close() {
      mail?.close();
      await store.close();
    },
  };
}

/** Everything that is asked about people, upon the parts of signing in. */
function personsOf(signing: SignInParts, web_url: string | undefined): Persons {
  const { pool, clock, record, naming, persons: sessions, mail, log, public_url } = signing;
  const forgetting = async <T>(person_id: string, work: Promise<T>): Promise<T> => {
    const done = await work;
    sessions.forget(person_id);
    return done;
  };
  const changing = { pool, record, naming };
  return {
    signInAnonymously: (origin, timezone) => signInAnonymously(signing, origin, timezone),
    requestLink: (email, address, callback, asker) => requestLink(signing, email, address, callback, asker),
    mailboxOf: (token) => mailboxOf(signing, token),
    takeLink: (token, presented, origin) => takeLink(signing, token, presented, origin),
    renew: (presented) => renew(signing, presented),
    signOutEverywhere: (person) => sessions.endAll(person.id),
    endSessions: (person_id) => sessions.endAll(person_id),
    async workIn(person, workspace) {
      await forgetting(person.id, pool.query('update identity.person set works_in = $2 where id = $1', [person.id, workspace]));
    },
    members: (workspace) => listMembers(pool, workspace),
    changeRole: (workspace, id, role, by) => forgetting(id, changeMemberRole(changing, workspace, id, role, by)),
    removeMember: (workspace, id, by) => forgetting(id, removeMember(changing, workspace, id, by)),
    operators: () => listOperators(pool),
    removeOperator: (id, actor) => forgetting(id, removeOperator(changing, id, actor)),
    invite: (wanted, by, inside) => invite(changing, wanted, by, clock.now(), inside),
    writes: mail !== undefined,
    async writeInvitation(invitation, to) {
      try {
        await mail?.send(invitationLetter(invitation, to, web_url ?? public_url));
      } catch (err) {
        log.warn({ err }, 'the e-mail of an invitation could not be sent');
      }
    },
    invitations: (workspace) => listInvitations(pool, workspace, clock.now()),
    invitationsFor: (person) => invitationsFor(pool, person, clock.now()),
    acceptInvitation: (id, person) => forgetting(person.id, acceptInvitation(changing, id, person, clock.now())),
    withdrawInvitation: (workspace, id, by) => withdrawInvitation(changing, workspace, id, by),
  };
}

function openEntries({ pool, clock, redis_url, redis_prefix }: PersonsDeps): EntryStore {
  const entries = new PostgresEntries(pool, clock);
  return redis_url === undefined ? entries : new CachedEntries(entries, new RedisEntryCache(redis_url, redis_prefix), clock);
}

function mailOf({ smtp_url, smtp_from, print, public_url }: PersonsOptions): Mail | undefined {
  if (smtp_url !== undefined) return smtpMail({ url: smtp_url, from: smtp_from ?? `no-reply@${new URL(public_url).hostname}` });
  return print && printedMail(print);
}

function invitationLetter({ email, role }: Invitation, to: string, site: string): Parameters<Mail['send']>[0] {
  return {
    to: email,
    subject: `An invitation to ${to.replaceAll(/\p{Cc}/gu, ' ')}`,
    text: `You are invited to ${to} as ${role}. Sign in at ${site} with this address within seven days to accept.\n`,
  };
}
