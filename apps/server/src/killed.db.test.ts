import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

const FIXTURE = path.join(import.meta.dirname, 'testing', 'killed-server.fixture.ts');
const CATALOG = path.resolve(import.meta.dirname, '..', '..', '..', 'catalogs', 'default.yaml');

/** What the books must say after a kill at each point: whether a hold was open, whether credits were charged, what cost stays counted. */
const POINTS = [
  { point: 'before hold', open: 0, charged: 0, counted: 'nothing' },
  { point: 'after hold', open: 1, charged: 0, counted: 'worst case' },
  { point: 'mid stream', open: 1, charged: 0, counted: 'worst case' },
  { point: 'before settle', open: 1, charged: 0, counted: 'worst case' },
  { point: 'after settle', open: 0, charged: 1, counted: 'real cost' },
] as const;

let provider: StandIn;
/** Another server on the same database, which lives on: it sweeps what the killed one left. */
let survivor: TestServer;
beforeAll(async () => {
  provider = await startStandIn();
});
afterAll(() => provider.close());
// Each kill has clocks of its own: one that was moved on would sweep what the next server has just begun.
beforeEach(async () => {
  survivor = await startTestServer();
});
afterEach(() => survivor.close());

async function startPaused(point: string): Promise<{ child: ChildProcess; url: string; reached: () => Promise<void> }> {
  const words = [FIXTURE, survivor.database.url, CATALOG, provider.openai_url, survivor.admin_token, point];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/^http:\S+\n/m);
  const url = /^http:\S+/m.exec(said)?.[0] ?? '';
  return { child, url, reached: () => expect.poll(() => said, { timeout: 10_000 }).toContain('reached') };
}

describe('kill -9 of a server', { timeout: 120_000 }, () => {
  it.each(POINTS)(
    '$point: no acknowledged hold is lost, nothing is half done, $counted stays counted',
    async ({ point, open, charged, counted }) => {
      const { id, key } = await survivor.workspace('BUSINESS');
      const before = (await survivor.ask('/api/usage', { key })).json;
      const { child, url, reached } = await startPaused(point);
      const streams: Record<string, string> = point === 'mid stream' ? { accept: 'text/event-stream' } : {};
      const call = fetch(`${url}/api/ai/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...streams },
        body: JSON.stringify({ operation: 'chat', prompt: 'The harbour opened in 1887.' }),
      }).then((response) => response.text());
      call.catch(() => {});
      await reached();
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
      await expect(call).rejects.toThrow();

      const left = await survivor.admin('/api/admin/ledger/verify');
      expect(left.json).toMatchObject({ balanced: true, open_holds: open, mismatches: [] });

      const later = survivor.running.composition.deps.clock.now().add({ minutes: 10 });
      await survivor.admin('/api/admin/clock', { body: { now: later.toString() } });
      await expect
        .poll(async () => (await survivor.admin('/api/admin/ledger/verify')).json, { timeout: 20_000, interval: 500 })
        .toMatchObject({ balanced: true, open_holds: 0, mismatches: [] });

      const after = (await survivor.ask('/api/usage', { key })).json;
      expect(before.credits.balance - after.credits.balance).toBe(charged);
      expect(after.credits.held).toBe(0);
      expect(after.cost.held.amount).toBe('0');
      const spent = Number(after.cost.spent.amount);
      const postings = (await survivor.admin(`/api/admin/ledger?workspace_id=${id}`)).json.postings;
      const debits = new Set(postings.map(({ debit }) => debit));
      expect([spent > 0, debits.has('unreconciled'), debits.has('cost')]).toEqual([
        counted !== 'nothing',
        counted === 'worst case',
        counted === 'real cost',
      ]);
      expect((await survivor.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } })).status).toBe(200);
    },
  );
});
