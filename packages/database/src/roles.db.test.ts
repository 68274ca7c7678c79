import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { scratchDatabase } from '@purser/embedded';
import { baseMigrations, migrate } from './migrate.ts';
import { openPool, type Pool } from './pool.ts';
import { addressAs, openRoles } from './roles.ts';

/* A server of its own: roles belong to the whole of it. Only its superuser comes in without a password. */

const PASSWORD = 'correct-horse';
let opened: AsyncDisposableStack;
let superuser: Pool;
let url: string;
beforeAll(async () => {
  opened = new AsyncDisposableStack();
  ({ url } = opened.use(await scratchDatabase()));
  superuser = openPool(url, { connections_max: 1 });
  opened.defer(() => superuser.end());
  const { rows } = await superuser.query<{ data: string }>(`select current_setting('data_directory') as data`);
  const rules = `('local all postgres trust'), ('local all all scram-sha-256')`;
  await superuser.query(`copy (values ${rules}) to '${path.join(rows[0]!.data, 'pg_hba.conf')}'`);
  await superuser.query('select pg_reload_conf()');
});
afterAll(() => opened.disposeAsync());

let databases = 0;

/** A database of a fresh owner, whose address is returned; nothing is left of the roles that serve. */
async function databaseOf(powers: string): Promise<string> {
  const name = `tenant_${databases++}`;
  await superuser.query(`create role ${name} login password 'owner' ${powers}`);
  await superuser.query(`create database ${name} owner ${name}`);
  return addressAs(url, name, 'owner').replace('/purser?', `/${name}?`);
}

async function forgetRoles(): Promise<void> {
  const { rows } = await superuser.query<{ datname: string }>(`select datname from pg_database where datname ~ '^tenant_'`);
  for (const { datname } of rows) await superuser.query(`drop database ${datname} with (force)`);
  await superuser.query('drop role if exists purser_app, purser_work');
}

async function over<T>(address: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(address, { connections_max: 1 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

const bringForward = (address: string) => over(address, (pool) => migrate(pool, [baseMigrations]));

async function whoAt(address: string): Promise<string> {
  const { rows } = await over(address, (pool) => pool.query<{ who: string }>('select session_user::text as who'));
  return rows[0]!.who;
}

test('C10: an owner who may make roles has them made and lets them in, by a password that every server finds from its own', async () => {
  await forgetRoles();
  const owner = await databaseOf('createrole');
  await bringForward(owner);
  const addresses = await openRoles(owner, undefined);
  expect([await whoAt(addresses.purser_work), await whoAt(addresses.purser_app)]).toEqual(['purser_work', 'purser_app']);
  expect(await openRoles(owner, undefined)).toEqual(addresses);
  // A changed password of the owner changes theirs with the next start.
  await superuser.query(`alter role tenant_${databases - 1} password 'another'`);
  const changed = await openRoles(addressAs(owner, `tenant_${databases - 1}`, 'another'), undefined);
  expect([await whoAt(changed.purser_work), changed.purser_work === addresses.purser_work]).toEqual(['purser_work', false]);
});

test('C10: an owner who may make none is served by roles that were made beforehand, and told in one line what is missing', async () => {
  await forgetRoles();
  const owner = await databaseOf('');
  await expect(bringForward(owner)).rejects.toThrow(
    /^migration base\/1_roles failed: error: there is no role purser_app, and tenant_\d+ may not make it: have it made beforehand/,
  );
  for (const role of ['purser_app', 'purser_work']) await superuser.query(`create role ${role} login password '${PASSWORD}'`);
  await bringForward(owner);
  const addresses = await openRoles(owner, PASSWORD);
  expect([await whoAt(addresses.purser_work), await whoAt(addresses.purser_app)]).toEqual(['purser_work', 'purser_app']);
  const line =
    'the roles purser_work and purser_app cannot log in to the database: the user of DATABASE_URL may not allow them to log in';
  await expect(openRoles(owner, undefined)).rejects.toThrow(line);
  await expect(openRoles(owner, 'a wrong one')).rejects.toThrow(line);
});

test('C10: a superuser’s address without a password has them let in; where they need one, it is asked for', async () => {
  await forgetRoles();
  const name = `tenant_${databases++}`;
  await superuser.query(`create database ${name}`);
  const address = url.replace('/purser?', `/${name}?`);
  await bringForward(address);
  await expect(openRoles(address, undefined)).rejects.toThrow(
    /cannot log in to the database: .*password.*The roles of the database/,
  );
  expect(await whoAt((await openRoles(address, PASSWORD)).purser_app)).toBe('purser_app');
});

test('C10: two installations on one server do not take the roles from each other', async () => {
  await forgetRoles();
  const [first, second] = [await databaseOf('superuser'), await databaseOf('superuser')];
  await bringForward(first);
  await bringForward(second);
  const serving = openPool((await openRoles(first, PASSWORD)).purser_work, { connections_max: 1 });
  await serving.query('select 1');
  await expect(openRoles(second, undefined)).rejects.toThrow(
    /they serve the database tenant_\d+ of the same server under another password/,
  );
  expect(await whoAt((await openRoles(second, PASSWORD)).purser_work)).toBe('purser_work');
  await serving.end();
});

test.each([
  ['alter role purser_work superuser', 'purser_work of the database must not serve: it is a superuser'],
  ['alter role purser_app bypassrls', 'purser_app of the database must not serve: it bypasses row-level security'],
  ['grant purser_work to purser_app', 'purser_app of the database must not serve: it is a member of purser_work'],
  ['create table mine (); alter table mine owner to purser_app', 'purser_app of the database must not serve: it owns tables'],
])('C10: a role that could do more than it should does not serve: %s', async (sql, line) => {
  await forgetRoles();
  const owner = await databaseOf('superuser');
  await bringForward(owner);
  await openRoles(owner, PASSWORD);
  await over(owner, (pool) => pool.query(sql));
  await expect(openRoles(owner, PASSWORD)).rejects.toThrow(line);
  await superuser.query('alter role purser_work nosuperuser');
  await superuser.query('alter role purser_app nobypassrls');
});
