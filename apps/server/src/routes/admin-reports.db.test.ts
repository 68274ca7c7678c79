import { newId } from '@purser/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
let shop: { readonly id: string; readonly key: string };
beforeAll(async () => {
  server = await startTestServer();
  shop = await server.workspace('BUSINESS', { name: '=HYPERLINK("http://evil")' });
  for (let call = 0; call < 2; call++) {
    const { status } = await server.ask('/api/ai/generate', { key: shop.key, body: { operation: 'chat', prompt: 'hello' } });
    expect(status).toBe(200);
  }
});
afterAll(() => server.close());

const report = async (path: string) => {
  const { status, text, headers } = await server.admin(`/api/admin/reports/${path}`);
  expect([path, status, status === 200 ? '' : text]).toEqual([path, 200, '']);
  return {
    text,
    headers,
    json: headers.get('content-type')?.includes('json') ? (JSON.parse(text) as Record<string, unknown>[]) : [],
  };
};

interface Money {
  readonly amount: string;
}

describe('C8: margin from the books', () => {
  it.each(['plan', 'workspace', 'pack', 'model', 'month'])('by %s, as JSON and as CSV', async (by) => {
    const { json } = await report(`margin?by=${by}`);
    const { text, headers } = await report(`margin?by=${by}&format=csv`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe(`attachment; filename="margin-by-${by}.csv"`);
    const lines = text.split('\r\n');
    expect(lines[0]).toBe(
      `${by},${by === 'workspace' ? 'name,' : ''}currency,revenue,fees,cost,margin,margin_ratio,collected,agreed`,
    );
    expect(lines).toHaveLength(json.length + 2);
  });

  it('is the same sum whichever way it is cut', async () => {
    const sums = await Promise.all(
      ['plan', 'workspace', 'model', 'month'].map(async (by) => {
        const { json } = await report(`margin?by=${by}`);
        return json.reduce((sum, line) => sum + Math.round(Number((line['margin'] as Money).amount) * 1e9), 0);
      }),
    );
    expect(new Set(sums).size).toBe(1);
    expect(sums[0]).toBeGreaterThan(0);
  });

  it('names models as provider and model, months as dates, workspaces by their name', async () => {
    expect((await report('margin?by=model')).json.map(({ key }) => key)).toEqual([like(/^offline\/.+/)]);
    expect((await report('margin?by=month')).json[0]).toMatchObject({ key: like(/^\d{4}-\d{2}$/), name: null });
    expect((await report('margin?by=workspace')).json).toEqual([
      expect.objectContaining({ key: shop.id, name: '=HYPERLINK("http://evil")' }),
    ]);
  });

  it('gives a spreadsheet no formula, whatever a customer is called', async () => {
    const { text } = await report('margin?by=workspace&format=csv');
    expect(text).toContain(`${shop.id},"'=HYPERLINK(""http://evil"")",USD,149,`);
  });

  it('refuses a span that ends before it begins, and a key there is not', async () => {
    for (const query of ['from=2026-02-01&to=2026-01-01', 'by=phase_of_moon', 'format=xls', 'from=yesterday']) {
      const { status, json } = await server.admin(`/api/admin/reports/margin?${query}`);
      expect([query, status, json.code]).toEqual([query, 400, 'invalid_request']);
    }
  });
});

describe('C11: what was used and what was flagged', () => {
  it('day by day', async () => {
    const { json } = await report('usage');
    expect(json).toEqual([expect.objectContaining({ calls: 2, calls_failed: 0, credits_spent: 2, workspaces: 1 })]);
    const { text } = await report('usage?format=csv');
    expect(text).toMatch(
      /^day,calls,calls_failed,credits_spent,workspaces,cost,currency\r\n\d{4}-\d\d-\d\d,2,0,2,1,[\d.]+,USD\r\n$/,
    );
  });

  it('week by week, from Monday', async () => {
    expect((await report('fraud')).json).toEqual([]);
    for (const [workspace, at] of [
      [shop.id, '2026-11-15T23:59:59Z'],
      [shop.id, '2026-11-16T00:00:00Z'],
      [newId<'workspace'>(), '2026-11-20T12:00:00Z'],
    ]) {
      await server.database.pool.query(
        `insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, severity, title, text, for_workspace, raised_at)
         values ($1, $2, 'fraud', 'credits an hour', $3, 'critical', 'flag', '=1+1', false, $3)`,
        [workspace, newId<'alert'>(), at],
      );
    }
    const { json } = await report('fraud?from=2026-11-01&to=2026-12-01');
    expect(json).toMatchObject([
      { week: '2026-11-16', workspaces: 2, users: 0, flags: [{ name: null }, { workspace_id: shop.id, users: [] }] },
      { week: '2026-11-09', workspaces: 1, flags: [{ workspace_id: shop.id, name: '=HYPERLINK("http://evil")' }] },
    ]);
    const { text } = await report('fraud?from=2026-11-01&to=2026-12-01&format=csv');
    expect(text.split('\r\n').filter((line) => line.endsWith(",'=1+1"))).toHaveLength(3);
  });

  it('C11: each week says how many users were above the limit by themselves, and who; those who were only together are not named', async () => {
    const busy = await server.workspace('BUSINESS');
    for (const user of ['ada', 'ada', 'ada', 'bob']) {
      const body = { model: 'auto', user, messages: [{ role: 'user', content: 'hello' }] };
      expect((await server.ask('/v1/chat/completions', { key: busy.key, body })).status).toBe(200);
    }
    const raised = server.running.composition.deps.clock.now().add({ minutes: 1 });
    await server.database.pool.query(
      `insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, level, severity, title, text, for_workspace, raised_at)
       values ($1, $2, 'fraud', 'credits an hour', $3, 1, 'critical', 'flag', 'four in an hour', false, $3)`,
      [busy.id, newId<'alert'>(), raised.toString()],
    );
    const flagged = async () =>
      (await report(`fraud?from=${raised.subtract({ minutes: 1 }).toString()}&to=${raised.add({ minutes: 1 }).toString()}`)).json;
    await expect
      .poll(flagged)
      .toMatchObject([{ workspaces: 1, users: 1, flags: [{ workspace_id: busy.id, users: [{ user: 'ada', credits: 3 }] }] }]);
  });
});
