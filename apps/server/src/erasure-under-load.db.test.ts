import { setTimeout as wait } from 'node:timers/promises';

import { verifyAudit } from '@purser/audit';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { tablesWith } from './testing/planted.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';
import { verifyBooks } from '@purser/console';

const RELAXED = { overrides: { rate: { rps: 1_000, rpm: 100_000, burst: 1_000 } } };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function finished(id: string): Promise<void> {
  while ((await server.admin(`/api/admin/erasures/${id}`)).json.state !== 'done') await wait(100);
}

async function soundWithout(mark: string): Promise<void> {
  const { pool } = server.database;
  expect(await tablesWith(pool, [mark])).toEqual([]);
  expect((await verifyBooks(pool)).mismatches).toEqual([]);
  expect((await verifyAudit(pool)).intact).toBe(true);
}

it('a workspace that is erased amid its calls answers those that were under way, lets in no other, and leaves sound books without its name', async () => {
  const mark = `busy${crypto.randomUUID().slice(0, 8)}`;
  const { id, key } = await server.workspace('BUSINESS', { name: mark, ...RELAXED });
  const statuses: number[] = [];
  let stop = false;
  const caller = async (n: number): Promise<void> => {
    for (let call = 0; !stop; call += 1) {
      const answered = await server.ask('/api/ai/generate', {
        key,
        headers: { 'purser-user': `user-${n}-${mark}`, 'idempotency-key': `${mark} ${n} ${call}` },
        body: { operation: 'chat', prompt: `The harbour of ${mark} opened in 1887.` },
      });
      statuses.push(answered.status);
    }
  };
  const callers = Promise.all(Array.from({ length: 8 }, (_, n) => caller(n)));
  while (statuses.filter((status) => status === 200).length < 20) await wait(10);
  const erased = await server.admin(`/api/admin/workspaces/${id}`, { method: 'DELETE', body: { confirm: mark } });
  expect(erased.status, erased.text).toBe(202);
  while (!statuses.includes(401)) await wait(10);
  stop = true;
  await callers;
  await finished(erased.json.id);
  // Whoever goes on with a dead key is told to slow down.
  expect(statuses.filter((status) => ![200, 401, 429].includes(status))).toEqual([]);
  expect(statuses.slice(statuses.indexOf(401)).filter((status) => status === 200).length).toBeLessThan(8);
  await soundWithout(mark);
}, 120_000);

it('an erasure that was cut off half way is gone on with by itself', async () => {
  const mark = `cut${crypto.randomUUID().slice(0, 8)}`;
  const { id, key } = await server.workspace('BUSINESS', { name: mark });
  await server.ask('/api/ai/generate', {
    key,
    headers: { 'purser-user': mark, 'idempotency-key': mark },
    body: { operation: 'chat', prompt: 'The harbour opened in 1887.' },
  });
  const erased = await server.admin(`/api/admin/workspaces/${id}`, { method: 'DELETE', body: { confirm: mark } });
  expect(erased.status, erased.text).toBe(202);
  await finished(erased.json.id);
  // As a server that was killed after the beginning leaves it: some of it done, and no end written down.
  await server.database.pool.query(
    `update privacy.erasure set state = 'running', done_at = null, again_at = null, claimed_until = '-infinity' where erasure_id = $1`,
    [erased.json.id],
  );
  await server.database.pool.query(
    `insert into wallet.allocation (workspace_id, kind, name, credits, changed_at) values ($1, 'member', $2, 1, now())`,
    [id, mark],
  );
  await finished(erased.json.id);
  await soundWithout(mark);
}, 120_000);
