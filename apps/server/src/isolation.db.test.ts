import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { attackBodies, attackPaths } from './testing/attack.ts';
import { type Answered, startTwoTenants, type Tenant, tenantTables, type TestServer, type TwoTenants } from './testing/index.ts';

/* Two tenants that both left rows in as many tables as they can, and what one of them sees of the other by the API. */

let two: TwoTenants;
let server: TestServer;
let mine: Tenant;
let theirs: Tenant;
beforeAll(async () => {
  two = await startTwoTenants();
  ({ server, mine, theirs } = two);
});
afterAll(() => two.close());

describe('another workspace’s ids in every call of the API (S15, C10)', () => {
  /** Whatever names something of theirs: ids out of every table, and the names they gave. */
  async function theirNames(): Promise<string[]> {
    const names = new Set<string>([theirs.id, theirs.external_id]);
    for (const table of await tenantTables(server)) {
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
        `select not exists (select 1 from wallet.refresh where workspace_id = $1 and due_at <= $2)
           and not exists (select 1 from license.standing where workspace_id = $1 and (release is not null or due_at <= $2)) as done`,
        [theirs.id, server.running.composition.deps.clock.now().toString()],
      );
      if (rows[0]?.done) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('what is due of the workspace is not done');
  }

  /** Rows of theirs, each table in one hash; what works in the background by itself is left out. */
  async function theirRows(): Promise<Record<string, string | null>> {
    const hashes: Record<string, string | null> = {};
    for (const table of (await tenantTables(server)).filter((name) => !/rollup|notify\./.test(name))) {
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
