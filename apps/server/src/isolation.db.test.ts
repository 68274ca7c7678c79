import { openPool, type Pool, workspaceTransaction, type WorkspaceId } from '@purser/base';
import { type MailServer, startMailServer } from '@purser/identity/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { attackBodies, attackPaths } from './testing/attack.ts';
import { type Answered, startTestServer, type TestServer } from './testing/index.ts';

/* Two tenants that both left rows in as many tables as they can, and what one of them sees of the other. */

interface Tenant {
  readonly id: WorkspaceId;
  readonly external_id: string;
  readonly key: string;
  readonly owner: string;
  /** A word that stands in whatever it wrote, and in no id of its own: an answer that has it tells of them. */
  readonly mark: string;
}

let server: TestServer;
let mail: MailServer;
let mine: Tenant;
let theirs: Tenant;
beforeAll(async () => {
  mail = await startMailServer();
  server = await startTestServer({ SMTP_URL: mail.url, PURSER_FREE_STARTS_PER_ADDRESS: '100' });
  mine = await settle('mine');
  theirs = await settle('theirs');
});
afterAll(async () => {
  await server.close();
  await mail.close();
});

/** A tenant that has used everything the API lets it use. */
async function settle(name: string): Promise<Tenant> {
  const mark = `${name}${crypto.randomUUID().slice(0, 8)}`;
  const external_id = `ext-${crypto.randomUUID()}`;
  const overrides = { rate: { rps: 1_000, rpm: 10_000, burst: 1_000 } };
  const { id, key } = await server.workspace('BUSINESS', { name: `Workspace ${mark}`, external_id, overrides });
  const owner = await join(id, `${mark}@harbour.example`);
  const generated = await server.ask('/api/ai/generate', {
    key,
    headers: { 'idempotency-key': mark, 'purser-user': mark },
    body: { operation: 'chat', prompt: `The harbour of ${mark} opened in 1887.` },
  });
  expect([generated.status, generated.text]).toEqual([200, expect.stringContaining('transaction_id')]);
  await server.ask('/api/keys', { key: owner, body: { name: `key of ${mark}` } });
  await server.ask('/api/members/invitations', { key: owner, body: { email: `guest-${mark}@harbour.example` } });
  await server.admin('/api/admin/credits/gift', { body: { workspace_id: id, credits: 7, reason: mark } });
  for (const license of ['grace', 'active']) {
    await server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license } });
  }
  return { id: id as WorkspaceId, external_id, key, owner, mark };
}

/** Somebody who signed in by a letter and took up an invitation as an owner. */
async function join(id: string, email: string): Promise<string> {
  const invited = await server.admin('/api/members/invitations', {
    headers: { 'purser-workspace': id },
    body: { email, role: 'owner' },
  });
  await server.ask('/api/auth/sign-in/magic-link', { body: { email } });
  const token = mail.linkTo(email).searchParams.get('token');
  const opened = await server.ask(`/api/auth/magic-link/verify?cookie=false&token=${token}`);
  const accepted = await server.ask(`/api/members/invitations/${invited.json.id}/accept`, {
    method: 'POST',
    key: opened.json.token,
  });
  expect([accepted.status, accepted.text]).toEqual([200, expect.stringContaining('owner')]);
  return opened.json.token;
}

/** Every table of the catalogue of Postgres that has a workspace_id. */
async function tenantTables(privilege: 'any' | 'select' | 'insert' | 'update' | 'delete' = 'any'): Promise<string[]> {
  const { rows } = await server.database.pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attname = 'workspace_id' and not a.attisdropped and c.relkind in ('r', 'p')
       and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
       and ($1 = 'any' or has_table_privilege('purser_app', c.oid, $1)) order by 1`,
    [privilege],
  );
  return rows.map(({ name }) => name);
}

describe('SQL under the application role (C10)', () => {
  let one: Pool;
  beforeAll(() => {
    one = openPool(server.database.url, { connections_max: 1 });
  });
  afterAll(() => one.end());

  const count = async (table: string, pool: Pick<Pool, 'query'>): Promise<bigint> =>
    (await pool.query<{ rows: bigint }>(`select count(*) as rows from ${table}`)).rows[0]!.rows;

  it('C10: every table with a workspace_id is closed to who reads it without a workspace, and open to the own rows alone', async () => {
    const tables = await tenantTables('select');
    const filled: string[] = [];
    for (const table of tables) {
      const { rows } = await server.database.pool.query<{ both: boolean }>(
        `select count(distinct workspace_id) = 2 as both from ${table} where workspace_id = any($1::uuid[])`,
        [[mine.id, theirs.id]],
      );
      if (rows[0]?.both) filled.push(table);
      const others = await workspaceTransaction(one, mine.id, (connection) =>
        connection.query<{ rows: bigint }>(`select count(*) as rows from ${table} where workspace_id <> $1`, [mine.id]),
      );
      const without = await asNobody(one, (pool) => count(table, pool));
      expect([table, others.rows[0]?.rows, without]).toEqual([table, 0n, 0n]);
    }
    expect(tables.length).toBeGreaterThan(12);
    expect(filled).toEqual(
      expect.arrayContaining(['audit.entry', 'identity.api_key', 'identity.invitation', 'identity.member', 'identity.workspace']),
    );
    expect(filled.length).toBeGreaterThan(8);
  });

  it('C10: a pooled connection leaks no workspace to the next, whether the work before ended well, threw, or was cut off', async () => {
    const tables = await tenantTables('select');
    const endings: ((connection: { query: (sql: string) => Promise<unknown> }) => Promise<unknown>)[] = [
      () => Promise.resolve(),
      () => Promise.reject(new Error('thrown')),
      (connection) => connection.query('select 1 / 0'),
      (connection) => connection.query(`set local statement_timeout = '20ms'; select pg_sleep(5)`),
    ];
    for (const ending of endings) {
      await workspaceTransaction(one, theirs.id, ending).catch(() => {});
      const { rows } = await one.query<{ role: string; workspace: string | null }>(
        `select current_user::text as role, nullif(current_setting('purser.workspace_id', true), '') as workspace`,
      );
      expect(rows).toEqual([{ role: 'postgres', workspace: null }]);
      for (const table of tables) expect([table, await asNobody(one, (pool) => count(table, pool))]).toEqual([table, 0n]);
    }
  });

  it('C10: many at once over a small pool each see their own', async () => {
    const few = openPool(server.database.url, { connections_max: 2 });
    const seen = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const { id } = n % 2 === 0 ? mine : theirs;
        return workspaceTransaction(few, id, async (connection) => {
          const { rows } = await connection.query<{ workspace_id: string }>(
            `select distinct workspace_id from identity.api_key union select workspace_id from audit.entry`,
          );
          return rows.every(({ workspace_id }) => workspace_id === id) && rows.length > 0;
        });
      }),
    );
    await few.end();
    expect(new Set(seen)).toEqual(new Set([true]));
  });

  it('C10: nothing is written into, moved to or taken from another workspace', async () => {
    for (const table of await tenantTables('update')) {
      const moved = workspaceTransaction(one, mine.id, (connection) =>
        connection.query(`update ${table} set workspace_id = $1`, [theirs.id]),
      );
      const answer = await moved.then(({ rowCount }) => rowCount, String);
      expect([table, answer === 0 || String(answer).includes('row-level security')]).toEqual([table, true]);
      const reached = await workspaceTransaction(one, mine.id, (connection) =>
        connection.query(`update ${table} set workspace_id = workspace_id where workspace_id = $1`, [theirs.id]),
      );
      expect([table, reached.rowCount]).toEqual([table, 0]);
    }
    for (const table of await tenantTables('delete')) {
      const gone = await workspaceTransaction(one, mine.id, (connection) =>
        connection.query(`delete from ${table} where workspace_id = $1`, [theirs.id]),
      );
      expect([table, gone.rowCount]).toEqual([table, 0]);
    }
    // As a copy of a row of one's own, so that nothing but the policy can refuse it.
    for (const table of await tenantTables('insert')) {
      const copied = workspaceTransaction(one, mine.id, (connection) =>
        connection.query(
          `insert into ${table} select (jsonb_populate_record(t, jsonb_build_object('workspace_id', $1::text))).* from ${table} t`,
          [theirs.id],
        ),
      );
      const answer = await copied.then(({ rowCount }) => rowCount, String);
      expect([table, answer === 0 || String(answer).includes('row-level security')]).toEqual([table, true]);
    }
  });

  /** As the application role, with no workspace set. */
  async function asNobody<T>(pool: Pool, work: (connection: Pick<Pool, 'query'>) => Promise<T>): Promise<T> {
    const connection = await pool.connect();
    try {
      await connection.query(`begin; set local role purser_app`);
      return await work(connection);
    } finally {
      await connection.query('rollback');
      connection.release();
    }
  }
});

describe('another workspace’s ids in every call of the API (S15, C10)', () => {
  /** Whatever names something of theirs: ids out of every table, and the names they gave. */
  async function theirNames(): Promise<string[]> {
    const names = new Set<string>([theirs.id, theirs.external_id]);
    for (const table of await tenantTables()) {
      const { rows } = await server.database.pool.query<{ row: Record<string, unknown> }>(
        `select to_jsonb(t) as row from ${table} t where workspace_id = $1 limit 5`,
        [theirs.id],
      );
      for (const value of rows.flatMap(({ row }) => Object.values(row))) {
        if (typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value)) names.add(value);
      }
    }
    names.delete('00000000-0000-0000-0000-000000000000');
    return [...names];
  }

  /** What happens to them by itself has happened: the attack alone could change a row now. */
  async function nothingLeftToDo(): Promise<void> {
    const { pool } = server.database;
    for (let tries = 0; tries < 300; tries++) {
      const { rows } = await pool.query<{ done: boolean }>(
        `select not exists (select 1 from wallet.refresh where workspace_id = $1 and due_at <= now())
           and not exists (select 1 from license.standing where workspace_id = $1 and (release is not null or due_at <= now())) as done`,
        [theirs.id],
      );
      if (rows[0]?.done) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('what is due of the workspace is not done');
  }

  /** Rows of theirs, each table in one hash; what works in the background by itself is left out. */
  async function theirRows(): Promise<Record<string, string | null>> {
    const hashes: Record<string, string | null> = {};
    for (const table of (await tenantTables()).filter((name) => !/rollup|notify\./.test(name))) {
      const { rows } = await server.database.pool.query<{ hash: string | null }>(
        `select md5(string_agg(t::text, '|' order by t::text)) as hash from ${table} t where workspace_id = $1`,
        [theirs.id],
      );
      hashes[table] = rows[0]?.hash ?? null;
    }
    return hashes;
  }

  const shows = (answer: Answered): boolean => answer.text.includes(theirs.mark);

  it('S15: finds, changes and tells nothing of theirs, in paths, queries and bodies, by key and by session', async () => {
    const { json } = await server.ask('/api/openapi.json');
    const everything = await theirNames();
    expect(everything.length).toBeGreaterThan(10);
    await nothingLeftToDo();
    const before = await theirRows();
    const leaks: string[] = [];
    const answered = new Map<number, number>();
    const attack = async (key: string, method: string, path: string, body?: object): Promise<void> => {
      const answer = await server.ask(path, { key, method: method.toUpperCase(), ...(body && { body }) });
      answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
      if (shows(answer) || answer.status === 500) leaks.push(`${method} ${path} ${answer.status} ${answer.text.slice(0, 200)}`);
    };
    for (const [path, methods] of Object.entries(json.paths)) {
      // Closed to both whatever they name: one name is enough.
      const names = path.startsWith('/api/admin') ? everything.slice(0, 1) : everything;
      for (const [method, operation] of Object.entries(methods)) {
        // It would end the session that the attack is made with.
        if (path === '/api/session' && method === 'delete') continue;
        const bodies = method === 'get' ? [undefined] : attackBodies(operation, names);
        for (const address of attackPaths(path, operation, names)) {
          for (const body of bodies) for (const key of [mine.key, mine.owner]) await attack(key, method, address, body);
        }
      }
    }
    expect(leaks).toEqual([]);
    // Refused for what they name, not for how often they came.
    expect([answered.get(429), (answered.get(404) ?? 0) > 50]).toEqual([undefined, true]);
    expect(await theirRows()).toEqual(before);
  }, 120_000);

  it('S15: is refused wherever the header Purser-Workspace names theirs', async () => {
    const { json } = await server.ask('/api/openapi.json');
    const ours = server.running.built.routes.filter(({ access }) => access === 'workspace' || access === 'manager');
    expect(ours.length).toBeGreaterThan(8);
    expect(Object.keys(json.paths).length).toBeGreaterThan(20);
    for (const { method, url } of ours) {
      for (const named of [theirs.id, theirs.external_id]) {
        for (const key of [mine.key, mine.owner]) {
          const path = url.replace(/:\w+/g, theirs.id);
          const { status } = await server.ask(path, { key, method, headers: { 'purser-workspace': named } });
          expect([method, url, status]).toEqual([method, url, 403]);
        }
      }
    }
  });
});
