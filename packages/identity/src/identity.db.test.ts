import { randomBytes } from 'node:crypto';

import { isRefusal, type Refusal, TestClock, type WorkspaceId } from '@purser/core';
import { newId, openPool, transaction, workspaceTransaction } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { TcpProxy } from '@purser/embedded/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type Caller,
  type CreatedWorkspace,
  type Identity,
  identityMigrations,
  lockLicense,
  openIdentity,
  type NewWorkspace,
  setLicense,
  type Workspace,
} from './index.ts';

const ADMIN = 'an-admin-token-of-the-test';
const START = Temporal.Instant.from('2026-05-04T10:00:00Z');

let database: TestDatabase;
let catalog: Catalog;
let clock: TestClock;
/** Two servers on one database. */
let here: Identity;
let there: Identity;

const openServer = () => openIdentity({ pool: database.pool, clock, admin_token: ADMIN, offering: () => catalog });

beforeAll(async () => {
  database = await createTestDatabase([identityMigrations]);
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  clock = new TestClock(START);
  [here, there] = await Promise.all([openServer(), openServer()]);
});

afterAll(async () => {
  await here.close();
  await there.close();
  await database.drop();
});

async function create(wanted: Partial<NewWorkspace> = {}): Promise<CreatedWorkspace> {
  const created = await here.createWorkspace({ name: 'Harbour', plan: 'PRO', ...wanted });
  if (isRefusal(created)) throw new Error(created.detail);
  return created;
}

const bearer = (token: string, more: { purserWorkspace?: string; purserUser?: string } = {}) => ({
  authorization: `Bearer ${token}`,
  ...more,
});

async function caller(identity: Identity, token: string, more: Parameters<typeof bearer>[1] = {}): Promise<Caller> {
  const known = await identity.authenticate(bearer(token, more));
  if (isRefusal(known)) throw new Error(`${known.code}: ${known.detail}`);
  return known;
}

async function refusal(identity: Identity, token: string, more: Parameters<typeof bearer>[1] = {}): Promise<Refusal> {
  const known = await identity.authenticate(bearer(token, more));
  if (!isRefusal(known)) throw new Error('let in');
  return known;
}

describe('workspaces', () => {
  test('a new one is on the plan and catalog now sold, in UTC, active and anchored at its making; its key opens it', async () => {
    const { workspace, key } = await create({ name: 'Lighthouse', external_id: 'cust-1' });
    expect(workspace).toMatchObject({
      name: 'Lighthouse',
      external_id: 'cust-1',
      plan: 'PRO',
      catalogue_version: catalog.version,
      timezone: 'UTC',
      license: 'active',
      overrides: {},
    });
    expect(workspace.anchored_at).toEqual(clock.now());
    expect(key).toMatch(/^purser_ws_[\w-]{43}$/);
    expect(await caller(here, key)).toEqual({
      kind: 'workspace_key',
      workspace: await here.workspace(workspace.id),
      actor: `key:${key.slice(0, 14)}`,
      roles: ['member'],
    });
  });

  test.each<[object, string]>([
    [{ name: '' }, 'name wants 1 to 200 characters'],
    [{ plan: 'GOLD' }, "there is no plan 'GOLD'; want one of FREE, STARTER, PRO, BUSINESS, ENTERPRISE"],
    [{ timezone: 'Mars/Olympus' }, "timezone 'Mars/Olympus' is not an IANA time zone"],
    [{ timezone: '+02:00' }, "timezone '+02:00' is not an IANA time zone"],
    [{ overrides: { concurrency: -1 } }, 'overrides.concurrency'],
    [{ overrides: { speed: 9 } }, 'Unrecognized key: "speed"'],
    [{ overrides: { ceiling: { amount: '9', currency: 'USD' } } }, 'want the plan’s currency EUR, got USD'],
    [
      { overrides: { valid_from: '2026-06-01T00:00:00Z', valid_until: '2026-05-01T00:00:00Z' } },
      'want an instant after valid_from',
    ],
  ])('%o is refused: %s', async (wanted, detail) => {
    const created = await here.createWorkspace({ name: 'Harbour', plan: 'PRO', ...wanted });
    expect(created).toMatchObject({ refused: true, code: 'invalid_request' });
    expect((created as Refusal).detail).toContain(detail);
  });

  test('two that race for one external_id: one gets it, and the other leaves no key behind', async () => {
    const keys = async () =>
      (await database.pool.query<{ count: bigint }>('select count(*) from identity.api_key')).rows[0]!.count;
    const before = await keys();
    const wanted = { name: 'Twin', plan: 'PRO', external_id: 'twin' };
    const created = await Promise.all([here.createWorkspace(wanted), there.createWorkspace(wanted)]);
    expect(created.filter(isRefusal).map((refused) => refused.detail)).toEqual(["another workspace has the external_id 'twin'"]);
    expect(await keys()).toBe(before + 1n);
  });

  test('C13 pages go through all of them once, newest first, and find by name, plan, id and external_id', async () => {
    const made: Workspace[] = [];
    for (let index = 0; index < 7; index += 1) {
      made.push((await create({ name: `Fleet 100%_${index}`, external_id: `fleet-${index}` })).workspace);
      // Those of one millisecond have no order.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await here.listWorkspaces({ search: '100%_', limit: 3, ...(cursor && { cursor }) });
      if (isRefusal(page)) throw new Error(page.detail);
      seen.push(...page.workspaces.map((workspace) => workspace.id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(made.map((workspace) => workspace.id).toReversed());
    const found = async (search: string) => {
      const page = await here.listWorkspaces({ search });
      return isRefusal(page) ? page.code : page.workspaces.map((workspace) => workspace.external_id);
    };
    expect(await found('fleet-3')).toEqual(['fleet-3']);
    expect(await found(made[4]!.id.toUpperCase())).toEqual(['fleet-4']);
    expect(await here.listWorkspaces({ cursor: 'x' })).toMatchObject({ code: 'invalid_request' });
    expect(await here.listWorkspaces({ limit: 0 })).toMatchObject({ code: 'invalid_request' });
  });

  test('C5 a license is decided about by one at a time, and what is set is known to every server', async () => {
    const { workspace } = await create();
    const since = clock.now().round('millisecond');
    const order: string[] = [];
    const set = (license: 'grace' | 'active') =>
      transaction(database.pool, async (connection) => {
        const locked = await lockLicense(connection, workspace.id);
        order.push(`${locked?.license} → ${license}`);
        await setLicense(connection, workspace.id, { license, since }, clock.now());
      });
    expect(await there.workspace(workspace.id)).toMatchObject({ license: 'active' });
    await set('grace');
    await expect.poll(() => there.workspace(workspace.id)).toMatchObject({ license: 'grace', license_since: since });
    await Promise.all([set('active'), set('active')]);
    expect(order).toEqual(['active → grace', 'grace → active', 'active → active']);
    expect(await lockLicense(database.pool, newId<'workspace'>())).toBeUndefined();
  });

  test('one that is unknown, or a change that is wrong, changes nothing', async () => {
    const { workspace } = await create({ external_id: 'steady' });
    await create({ external_id: 'taken' });
    expect(await here.changeWorkspace(newId<'workspace'>(), { name: 'x' })).toMatchObject({ code: 'not_found' });
    expect(await here.changeWorkspace(workspace.id, { external_id: 'taken', name: 'y' })).toMatchObject({
      code: 'invalid_request',
    });
    expect(await here.changeWorkspace(workspace.id, { timezone: 'x/y', name: 'y' })).toMatchObject({ code: 'invalid_request' });
    expect(await here.workspace(workspace.id)).toMatchObject({ external_id: 'steady', name: 'Harbour' });
  });

  test('T3 a change shows at once where it was made, and within a second on the other server', async () => {
    const { workspace, key } = await create();
    await caller(there, key);
    await here.changeWorkspace(workspace.id, { plan: 'BUSINESS', overrides: { concurrency: 2 } });
    expect((await caller(here, key)).workspace).toMatchObject({ plan: 'BUSINESS', overrides: { concurrency: 2 } });
    await expect.poll(async () => (await caller(there, key)).workspace?.plan === 'BUSINESS', { interval: 10 }).toBe(true);
  });

  test('a server whose listening connection is cut sees changes within a second all the same', async () => {
    const { workspace, key } = await create();
    await caller(there, key);
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'purser-listen' and datname = current_database()`,
    );
    await here.changeWorkspace(workspace.id, { plan: 'FREE' });
    await expect.poll(async () => (await caller(there, key)).workspace?.plan === 'FREE', { interval: 10 }).toBe(true);
    await here.changeWorkspace(workspace.id, { plan: 'BUSINESS' });
    await expect.poll(async () => (await caller(there, key)).workspace?.plan === 'BUSINESS', { interval: 10 }).toBe(true);
  });
});

describe('who is calling', () => {
  test('unknown, malformed and missing keys are unauthenticated', async () => {
    expect(await here.authenticate({})).toMatchObject({ code: 'unauthenticated' });
    expect(await here.authenticate({ authorization: 'Basic abc' })).toMatchObject({ code: 'unauthenticated' });
    for (const token of ['x', 'purser_ws_short', `purser_ws_${randomBytes(32).toString('base64url')}`, `${ADMIN}x`, 'null']) {
      expect((await refusal(here, token)).code).toBe('unauthenticated');
    }
  });

  test('the admin token is an admin, of no workspace unless it names one', async () => {
    expect(await caller(here, ADMIN)).toEqual({ kind: 'admin', actor: 'admin', roles: ['admin'] });
    const { workspace } = await create();
    expect((await caller(here, ADMIN, { purserWorkspace: workspace.id })).workspace?.id).toBe(workspace.id);
  });

  test('a platform key acts for the workspace it names, by our id or the founder’s, and for the user it names', async () => {
    const { workspace } = await create({ external_id: 'acme' });
    const created = await here.createKey({ name: 'backend' });
    if (isRefusal(created)) throw new Error(created.detail);
    const { secret } = created;
    expect(secret).toMatch(/^purser_pf_/);
    expect(await caller(here, secret)).toEqual({
      kind: 'platform_key',
      actor: `platform:${secret.slice(0, 14)}`,
      roles: ['platform'],
    });
    expect((await caller(here, secret, { purserWorkspace: 'acme', purserUser: 'u-1' })).workspace?.id).toBe(workspace.id);
    expect(await caller(there, secret, { purserWorkspace: workspace.id.toUpperCase(), purserUser: 'u-1' })).toMatchObject({
      user: 'u-1',
      workspace: { external_id: 'acme' },
    });
    expect((await refusal(here, secret, { purserWorkspace: 'nobody' })).code).toBe('not_found');
    expect((await refusal(here, secret, { purserWorkspace: newId() })).code).toBe('not_found');
  });

  test('an external_id that looks like an id is found, and one that was given up no longer is', async () => {
    const created = await here.createKey({ name: 'backend' });
    if (isRefusal(created)) throw new Error(created.detail);
    const external_id: string = newId();
    const { workspace } = await create({ external_id });
    expect((await caller(there, created.secret, { purserWorkspace: external_id })).workspace?.id).toBe(workspace.id);
    await here.changeWorkspace(workspace.id, { external_id: null });
    const gone = async () => isRefusal(await there.authenticate(bearer(created.secret, { purserWorkspace: external_id })));
    await expect.poll(gone, { interval: 10 }).toBe(true);
  });

  test('C10 a workspace key opens no other workspace', async () => {
    const { key, workspace } = await create();
    const other = await create();
    expect((await caller(here, key, { purserWorkspace: workspace.id })).workspace?.id).toBe(workspace.id);
    expect((await refusal(here, key, { purserWorkspace: other.workspace.id })).code).toBe('forbidden');
  });

  test('a user’s name is bounded and plain', async () => {
    const { key } = await create();
    expect((await caller(here, key, { purserUser: 'Ada Lovelace <ada@example.org>' })).user).toBe(
      'Ada Lovelace <ada@example.org>',
    );
    for (const purserUser of ['', 'x'.repeat(257), 'a\nb'])
      expect((await refusal(here, key, { purserUser })).code).toBe('invalid_request');
  });

  test('a revoked key is out at once here, and within a second elsewhere; a rotated one lives on for the overlap', async () => {
    const { workspace, key } = await create();
    await caller(there, key);
    const [first] = await here.listKeys(workspace.id);
    const rotated = await here.rotateKey(first!.id, Temporal.Duration.from({ hours: 1 }));
    if (isRefusal(rotated)) throw new Error(rotated.detail);
    await caller(here, key);
    await caller(here, rotated.secret);
    clock.advance({ hours: 1 });
    expect((await refusal(here, key)).code).toBe('unauthenticated');
    await expect.poll(async () => isRefusal(await there.authenticate(bearer(key))), { interval: 10 }).toBe(true);

    await caller(there, rotated.secret);
    await here.revokeKey(rotated.key.id);
    expect((await refusal(here, rotated.secret)).code).toBe('unauthenticated');
    await expect.poll(async () => isRefusal(await there.authenticate(bearer(rotated.secret))), { interval: 10 }).toBe(true);
    expect(await here.revokeKey('nonsense')).toMatchObject({ code: 'not_found' });
  });

  test('no secret is stored: neither keys nor their text are in the tables', async () => {
    const { key } = await create();
    const { rows } = await database.pool.query<{ row: string }>('select k::text as row from identity.api_key k');
    expect(rows.some(({ row }) => row.includes(key.slice(14)))).toBe(false);
  });

  test('a flood of unknown keys is asked of the database a few queries at a time', async () => {
    const tokens = Array.from({ length: 3_000 }, () => `purser_ws_${randomBytes(32).toString('base64url')}`);
    const answers = await Promise.all(tokens.map(async (token) => here.authenticate(bearer(token))));
    expect(new Set(answers.map((answer) => (isRefusal(answer) ? answer.code : 'in')))).toEqual(new Set(['unauthenticated']));
  });

  test('C10 row-level security: the application role sees the workspace that is set, its keys, and no other', async () => {
    const { workspace } = await create();
    const other = await create();
    const seen = async (as: WorkspaceId) =>
      workspaceTransaction(database.pool, as, async (connection) => {
        const workspaces = await connection.query<{ workspace_id: string }>('select workspace_id from identity.workspace');
        const keys = await connection.query<{ workspace_id: string }>('select workspace_id from identity.api_key');
        return [...workspaces.rows, ...keys.rows].map((row) => row.workspace_id);
      });
    expect(await seen(workspace.id)).toEqual([workspace.id, workspace.id]);
    expect(await seen(other.workspace.id)).toEqual([other.workspace.id, other.workspace.id]);
  });
});

describe('sessions', () => {
  const signIn = async (identity: Identity, token: string, more: Parameters<typeof bearer>[1] = {}) => {
    const session = await identity.startSession(bearer(token, more));
    if (isRefusal(session)) throw new Error(session.detail);
    return session;
  };

  test('F7 a key opens one; its token works as header and as cookie, for that workspace alone, until it is ended', async () => {
    const { workspace, key } = await create();
    const { token } = await signIn(here, key);
    expect(await caller(here, token)).toMatchObject({ kind: 'session', workspace: { id: workspace.id }, roles: ['member'] });
    expect(await here.authenticate({ cookie: `theme=dark; purser_session=${token}` })).toMatchObject({ kind: 'session' });
    expect((await refusal(here, token, { purserWorkspace: newId() })).code).toBe('forbidden');
    expect(await here.startSession(bearer(token))).toMatchObject({ code: 'forbidden' });
    await here.endSession(token);
    expect((await refusal(here, token)).code).toBe('unauthenticated');
  });

  test('without Redis it outlives the server that opened it, and is known on every other', async () => {
    const { workspace, key } = await create();
    const server = await openServer();
    const { token } = await signIn(server, key);
    await server.close();
    expect(await caller(there, token)).toMatchObject({ kind: 'session', workspace: { id: workspace.id } });
  });

  test('it ends with its key, and with its time', async () => {
    const { workspace, key } = await create();
    const { token } = await signIn(here, key);
    const { token: admin, expires_at } = await signIn(here, ADMIN);
    expect(await caller(here, admin)).toMatchObject({ kind: 'session', roles: ['admin'] });
    const [first] = await here.listKeys(workspace.id);
    await here.revokeKey(first!.id);
    expect((await refusal(here, token)).code).toBe('unauthenticated');
    clock.moveTo(expires_at);
    expect((await refusal(here, admin)).code).toBe('unauthenticated');
  });

  test('a platform key opens one for a user of a workspace, who is then no platform', async () => {
    await create({ external_id: 'guest-house' });
    const created = await here.createKey({ name: 'backend' });
    if (isRefusal(created)) throw new Error(created.detail);
    expect(await here.startSession(bearer(created.secret))).toMatchObject({ code: 'invalid_request' });
    const { token } = await signIn(here, created.secret, { purserWorkspace: 'guest-house', purserUser: 'ada' });
    expect(await caller(here, token)).toMatchObject({
      user: 'ada',
      roles: ['member'],
      workspace: { external_id: 'guest-house' },
    });
    expect((await refusal(here, token, { purserUser: 'grace' })).code).toBe('forbidden');
  });
});

describe('a database that is away', () => {
  test('nobody is let in unseen: `overloaded` for who is not known, and for all within a second', async () => {
    const { key } = await create();
    const { key: unseen } = await create();
    const door = new TcpProxy(database.url);
    await door.open();
    const pool = openPool(door.url);
    const identity = await openIdentity({ pool, clock, admin_token: ADMIN, offering: () => catalog });
    await caller(identity, key);
    await door.shut();
    expect(await refusal(identity, unseen)).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    await expect.poll(async () => isRefusal(await identity.authenticate(bearer(key))), { interval: 10 }).toBe(true);
    expect(await identity.authenticate(bearer(ADMIN))).toMatchObject({ kind: 'admin' });

    await door.open();
    await expect.poll(async () => !isRefusal(await identity.authenticate(bearer(unseen))), { interval: 10 }).toBe(true);
    await identity.close();
    await pool.end();
    await door.shut();
  });
});
