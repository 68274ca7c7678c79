import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { WorkspaceId } from '@purser/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

interface AlertView {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly threshold: string | null;
  readonly seen_at: string | null;
}

const WITHIN = { timeout: 15_000, interval: 100 } as const;

let server: TestServer;
const heard: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    heard.push({ headers: request.headers, body });
    response.end();
  });
});
beforeAll(async () => {
  server = await startTestServer({ PURSER_WEBHOOKS_INSIDE: '1' });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await server.close();
  receiver.close();
});

async function alertsOf(key: string, query = ''): Promise<AlertView[]> {
  const { text } = await server.ask(`/api/alerts${query}`, { key });
  return (JSON.parse(text) as { alerts: AlertView[] }).alerts;
}

const spend = (key: string) => server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });

describe('T9: a workspace is told where it stands', () => {
  it('sees within seconds, and once, that its credits are nearly used, and so does its webhook', async () => {
    const { key, id } = await server.workspace('PRO', { overrides: { credits_monthly: 10 } });
    const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const put = await server.ask('/api/alerts/settings', {
      key,
      method: 'PUT',
      body: { thresholds: { '*': ['0.1'] }, channels: [{ kind: 'webhook', address }] },
    });
    expect(put.status).toBe(200);
    expect(put.text).toContain('"secret":"whsec_');
    expect((await server.ask('/api/alerts/settings', { key })).text).not.toContain('whsec_');
    for (let call = 0; call < 3; call++) expect((await spend(key)).status).toBe(200);
    await vi.waitFor(async () => {
      expect((await alertsOf(key)).map(({ kind, subject, threshold }) => [kind, subject, threshold])).toContainEqual([
        'threshold',
        'credits credit',
        '0.1',
      ]);
    }, WITHIN);
    await vi.waitFor(() => expect(heard.filter(({ body }) => body.includes(id))).toHaveLength(1), WITHIN);
    await spend(key);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect((await alertsOf(key)).filter(({ subject }) => subject === 'credits credit')).toHaveLength(1);
    expect(heard.filter(({ body }) => body.includes(id))).toHaveLength(1);
  });

  it('hears of quotas of a day, a week and a month alike, each by its name', async () => {
    const quotas = { jobs_day: 4, jobs_week: 5, jobs_month: 6, tokens_day: 1_000_000_000 };
    const { key } = await server.workspace('PRO', { overrides: { quotas } });
    for (let call = 0; call < 4; call++) expect((await spend(key)).status).toBe(200);
    await vi.waitFor(async () => {
      const { text } = await server.ask('/api/alerts', { key });
      const { alerts } = JSON.parse(text) as { alerts: { subject: string; title: string }[] };
      const told = (subject: string) => alerts.filter((alert) => alert.subject === subject).map(({ title }) => title);
      expect(told('jobs_day job')).toContain('95 % of “Calls a day” used');
      expect(told('jobs_week job')).toEqual(['70 % of “Calls a week” used']);
      expect(told('tokens_day token')).toEqual([]);
    }, WITHIN);
  });

  it('marks what it has seen, and what is another’s is not there for it', async () => {
    const { key, id } = await server.workspace('PRO');
    const other = await server.workspace('PRO');
    await server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license: 'grace' } });
    await vi.waitFor(async () => expect(await alertsOf(key)).toHaveLength(1), WITHIN);
    const [alert] = await alertsOf(key);
    expect(alert).toMatchObject({ kind: 'license', seen_at: null });
    expect((await server.ask(`/api/alerts/${alert!.id}/seen`, { key: other.key, method: 'POST' })).status).toBe(404);
    expect(await alertsOf(other.key)).toEqual([]);
    expect((await server.ask(`/api/alerts/${alert!.id}/seen`, { key, method: 'POST' })).status).toBe(200);
    expect(await alertsOf(key, '?unseen=1')).toEqual([]);
    expect(await alertsOf(key)).toHaveLength(1);
    const all = await server.admin(`/api/admin/alerts?workspace_id=${id}&kind=license&unseen=1`);
    expect(JSON.parse(all.text)).toMatchObject({ alerts: [{ id: alert!.id, seen_at: null }] });
  });
});

describe('T9: the operator', () => {
  it('is told what was agreed and is lowered when a workspace comes to a plan that does not pay for it, whoever moved it', async () => {
    const { key, id } = await server.workspace('ENTERPRISE', { overrides: { ceiling: { amount: '300', currency: 'USD' } } });
    // As a subscription that its customer changed does.
    await server.running.composition.deps.identity.changeWorkspace(id as WorkspaceId, { plan: 'BUSINESS' });
    await vi.waitFor(async () => {
      await spend(key);
      const { text } = await server.admin(`/api/admin/alerts?workspace_id=${id}&kind=overrides`);
      expect(JSON.parse(text)).toMatchObject({
        alerts: [
          {
            subject: 'ceiling 300 USD on BUSINESS',
            text: expect.stringMatching(/^300 USD was agreed, but the plan BUSINESS pays for 126\.65 USD only/) as string,
          },
        ],
      });
    }, WITHIN);
    expect((await alertsOf(key)).filter(({ kind }) => kind === 'overrides')).toEqual([]);
    const { text } = await server.admin(`/api/usage?explain=1`, { headers: { 'purser-workspace': id } });
    expect(text).toContain('300 USD was agreed, but BUSINESS pays for 126.65 USD only');
  });

  it('has its own addresses, and every change of one is in the trail', async () => {
    const put = await server.admin('/api/admin/alerts/settings', {
      method: 'PUT',
      body: { channels: [{ kind: 'slack', address: 'https://hooks.slack.com/services/x', kinds: ['fraud', 'overrun'] }] },
    });
    expect(put.status).toBe(200);
    expect(JSON.parse((await server.admin('/api/admin/alerts/settings')).text)).toMatchObject({
      channels: [{ kind: 'slack', kinds: ['fraud', 'overrun'] }],
    });
    const { json } = await server.admin('/api/admin/audit');
    expect(json.entries.map(({ action }) => action)).toContain('alerts.settings');
    expect((await server.admin('/api/admin/alerts/undelivered')).text).toBe('{"messages":[],"next_cursor":null}');
    const again = await server.admin(`/api/admin/alerts/undelivered/${crypto.randomUUID()}/retry`, { method: 'POST' });
    expect(again.status).toBe(404);
  });
});

describe('T9: an address that must not be written to is refused', () => {
  it.each([
    [{ kind: 'email', address: 'someone@example.com' }, 'SMTP_URL'],
    [{ kind: 'webhook', address: 'ftp://example.com' }, 'https://'],
    [{ kind: 'webhook', address: 'https://user:pass@example.com' }, 'password'],
  ])('%j', async (channel, word) => {
    const { key } = await server.workspace();
    const { status, json } = await server.ask('/api/alerts/settings', { key, method: 'PUT', body: { channels: [channel] } });
    expect([status, json.code]).toEqual([400, 'invalid_request']);
    expect(json.detail).toContain(word);
  });

  it.each([
    { thresholds: { cost: ['1.5'] } },
    { thresholds: { cost: ['0'] } },
    { digest: { messages_max: 0, within_minutes: 1 } },
    { chanels: [] },
  ])('%j is not understood', async (body) => {
    const { key } = await server.workspace();
    expect((await server.ask('/api/alerts/settings', { key, method: 'PUT', body })).status).toBe(400);
  });
});
