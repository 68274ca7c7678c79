import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

import { Fault } from '@purser/core';
import { examineDatabase } from './examine.ts';
import { databaseFault, openPool } from './pool.ts';
import { transaction } from './transaction.ts';

/** What serves: `purser_work` across workspaces, `purser_app` within the one that is set. Neither owns or bypasses anything. */
export const SERVING_ROLES = ['purser_work', 'purser_app'] as const;
export type ServingRole = (typeof SERVING_ROLES)[number];

/** One database under each of the roles that serve. */
export type RoleAddresses = Readonly<Record<ServingRole, string>>;

/** A database that asks for one then says no; with none to answer, the connection would be left half open. */
const NO_PASSWORD = 'none';
const LOGINS_MAX = 5;
const LOGIN_LOCK = 4780_002;

/**
 * The addresses under which a migrated database is served; the roles are let in first when they are not, which its owner does.
 * Their password is the given one, or follows from the owner's, so that every server that knows the one knows the other.
 * @throws Fault in one line when the roles cannot be had, or could do more than they should.
 */
export async function openRoles(owner_url: string, given_password: string | undefined): Promise<RoleAddresses> {
  const password = given_password ?? derivedPassword(owner_url);
  const addresses: RoleAddresses = {
    purser_work: addressAs(owner_url, 'purser_work', password ?? NO_PASSWORD),
    purser_app: addressAs(owner_url, 'purser_app', password ?? NO_PASSWORD),
  };
  for (let logins = 1; ; logins++) {
    const refused = await firstRefusal(addresses);
    if (refused === undefined) {
      // A pooler may treat each of its users in another way.
      await Promise.all(SERVING_ROLES.map((role) => examineDatabase(addresses[role])));
      return addresses;
    }
    if (logins === LOGINS_MAX) throw notLetIn(refused.message, refused);
    await letIn(owner_url, password);
  }
}

/** The same database as another user. */
export function addressAs(address: string, user: string, password: string | undefined): string {
  const url = new URL(address);
  // As parameters they would win over those in front of the host.
  url.searchParams.delete('user');
  url.searchParams.delete('password');
  url.username = user;
  url.password = password ?? '';
  return url.href;
}

function derivedPassword(owner_url: string): string | undefined {
  const { password, searchParams } = new URL(owner_url);
  const known = searchParams.get('password') ?? decodeURIComponent(password);
  return known === '' ? undefined : createHmac('sha256', known).update('purser: the roles that serve').digest('base64url');
}

/** Why a role is not let in; undefined when both are. */
async function firstRefusal(addresses: RoleAddresses): Promise<Error | undefined> {
  const refusals = await Promise.all(SERVING_ROLES.map((role) => refusal(role, addresses[role])));
  return refusals.find((one) => one !== undefined);
}

async function refusal(role: ServingRole, address: string): Promise<Error | undefined> {
  const pool = openPool(address, { connections_max: 1, application: 'purser-start' });
  try {
    const { rows } = await pool.query<{ powers: string[] }>(POWERS, [SERVING_ROLES]);
    const powers = rows[0]?.powers ?? [];
    if (powers.length === 0) return undefined;
    throw new Fault(`the role ${role} of the database must not serve: ${powers.join(', ')}`, { retryable: false });
  } catch (error) {
    if (error instanceof Fault) throw error;
    // The server itself says no: an unknown role, one that may not log in, a wrong password, or none where one is wanted.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('28')) return error;
    throw databaseFault(error);
  } finally {
    await pool.end();
  }
}

/** What the current role could do that none of the two may. */
const POWERS = `
  select array_remove(array[
    case when r.rolsuper then 'it is a superuser' end,
    case when r.rolbypassrls then 'it bypasses row-level security' end,
    case when r.rolcreaterole then 'it may make roles' end,
    case when exists (select from pg_class c where c.relowner = r.oid) then 'it owns tables' end,
    (select 'it is a member of ' || min(other.rolname) from pg_roles other where other.oid <> r.oid and pg_has_role(r.oid, other.oid, 'member')
       and (other.rolsuper or other.rolbypassrls or other.rolname = any ($1)
         or other.oid in (select nspowner from pg_namespace where nspname = 'base')))], null) as powers
  from pg_roles r where r.rolname = current_user`;

/** As the owner: lets the roles log in with the password. */
async function letIn(owner_url: string, password: string | undefined): Promise<void> {
  const owner = openPool(owner_url, { connections_max: 1, application: 'purser-start' });
  try {
    await transaction(owner, async (connection) => {
      await connection.query('select pg_advisory_xact_lock($1)', [LOGIN_LOCK]);
      const { rows } = await connection.query<{ datname: string }>(
        `select datname from pg_stat_activity where usename = any ($1) and datname <> current_database() limit 1`,
        [SERVING_ROLES],
      );
      if (rows[0] && password !== undefined) {
        throw notLetIn(
          `they serve the database ${rows[0].datname} of the same server under another password; set DATABASE_ROLES_PASSWORD to the same at both`,
        );
      }
      for (const role of SERVING_ROLES) {
        // What is sent is what Postgres keeps: its log may hold the statement, and never the password.
        await connection.query(
          password === undefined ? `alter role ${role} login` : `alter role ${role} login password '${scramVerifier(password)}'`,
        );
      }
    });
  } catch (error) {
    // Another start, on another database of the server, was at the same roles.
    if (error instanceof Error && error.message.includes('tuple concurrently updated')) return;
    if (error instanceof Error && 'code' in error && error.code === '42501') {
      throw notLetIn(
        'the user of DATABASE_URL may not allow them to log in; have them created with a password, and set DATABASE_ROLES_PASSWORD',
        error,
      );
    }
    throw error instanceof Fault ? error : databaseFault(error);
  } finally {
    await owner.end();
  }
}

function notLetIn(why: string, cause?: Error): Fault {
  return new Fault(
    `the roles ${SERVING_ROLES.join(' and ')} cannot log in to the database: ${why} (docs/operating.md, "The roles of the database")`,
    { retryable: false, ...(cause && { cause }) },
  );
}

/** What Postgres keeps of a password (RFC 5803). */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const keyOf = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`;
}
