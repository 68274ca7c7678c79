import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
const made: { readonly id: string; readonly name: string; readonly key: string }[] = [];

beforeAll(async () => {
  server = await startTestServer();
  for (const [name, plan] of [
    ['Mill', 'PRO'],
    ['bakery', 'BUSINESS'],
    ['Garden', 'PRO'],
    ['Clinic', 'FREE'],
    ['Abbey', 'PRO'],
  ] as const) {
    made.push({ name, ...(await server.workspace(plan, { name, external_id: `ext-${name}` })) });
  }
});
afterAll(() => server.close());

interface Page {
  readonly rows: readonly Record<string, unknown>[];
  readonly total: number;
  readonly next_cursor: string | null;
}

/** Every row of a table, a page at a time. */
async function pages(path: string, member: string): Promise<Page> {
  const rows: Record<string, unknown>[] = [];
  let total = 0;
  let cursor = '';
  for (let read = 0; read < 20; read += 1) {
    const { status, json } = await server.admin(`${path}${path.includes('?') ? '&' : '?'}limit=2${cursor}`);
    expect(status).toBe(200);
    rows.push(...((json as unknown as Record<string, Record<string, unknown>[]>)[member] ?? []));
    total = json.total;
    const next: string | null = json.next_cursor;
    if (next === null) return { rows, total, next_cursor: null };
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
  throw new Error('the pages never end');
}

describe('the table of workspaces', () => {
  it.each([
    ['name', ['Abbey', 'bakery', 'Clinic', 'Garden', 'Mill']],
    ['-name', ['Mill', 'Garden', 'Clinic', 'bakery', 'Abbey']],
    ['created_at', ['Mill', 'bakery', 'Garden', 'Clinic', 'Abbey']],
    ['-created_at', ['Abbey', 'Clinic', 'Garden', 'bakery', 'Mill']],
  ])('in the order %s, page by page, has each row once', async (sort, names) => {
    const { rows, total } = await pages(`/api/admin/workspaces?sort=${sort}`, 'workspaces');
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(total).toBe(names.length);
  });

  it('by plan, then by age, and narrowed down by plan, license and a part of the name', async () => {
    const by_plan = await pages('/api/admin/workspaces?sort=plan', 'workspaces');
    expect(by_plan.rows.map(({ name }) => name)).toEqual(['bakery', 'Clinic', 'Mill', 'Garden', 'Abbey']);
    const found = await pages('/api/admin/workspaces?plan=PRO&license=active&search=a&sort=name', 'workspaces');
    expect([found.rows.map(({ name }) => name), found.total]).toEqual([['Abbey', 'Garden'], 2]);
    expect((await pages('/api/admin/workspaces?license=grace', 'workspaces')).rows).toEqual([]);
  });

  it('as a file has all rows of all pages, in the same order', async () => {
    const { text, headers } = await server.admin('/api/admin/workspaces?format=csv&sort=name&plan=PRO');
    expect(headers.get('content-disposition')).toContain('workspaces.csv');
    expect(text.split('\r\n').map((line) => line.split(',')[1])).toEqual(['name', 'Abbey', 'Garden', 'Mill', undefined]);
  });

  it.each(['cursor=x', 'cursor=00000000-0000-0000-0000-000000000001', 'sort=age', 'limit=0'])(
    'refuses ?%s by name',
    async (query) => {
      const { status, json } = await server.admin(`/api/admin/workspaces?${query}`);
      expect([status, json.code]).toEqual([400, 'invalid_request']);
    },
  );
});

describe('the table of margins', () => {
  beforeAll(async () => {
    for (const { name, id } of made) {
      await server.database.pool.query(
        `select ledger.post($1, $2, null, 'collected', 'revenue:subscription', $3, 'EUR', $3, 'EUR', 'PRO', 'a month')`,
        [server.running.composition.deps.clock.now().subtract({ hours: 1 }).toString(), id, name.length * 1_000_000_000],
      );
    }
  });

  it('has each workspace once in any order, with the totals of all pages on each', async () => {
    const span = 'by=workspace&from=2020-01-01';
    const { rows, total } = await pages(`/api/admin/reports/margin/rows?${span}&sort=name`, 'rows');
    expect(rows.map(({ name }) => name)).toEqual(['Abbey', 'bakery', 'Clinic', 'Garden', 'Mill']);
    expect(total).toBe(5);
    const first = await server.admin(`/api/admin/reports/margin/rows?${span}&limit=1&sort=-revenue`);
    const revenue = rows.reduce((sum, row) => sum + Number((row['revenue'] as { amount: string }).amount), 0);
    expect(first.json.totals[0]?.revenue).toEqual({ amount: String(revenue), currency: 'EUR' });
    const named = await server.admin(`/api/admin/reports/margin/rows?${span}&search=ARD`);
    expect(named.json.rows.map(({ name }) => name)).toEqual(['Garden']);
    const file = await server.admin(`/api/admin/reports/margin/rows?${span}&format=csv`);
    expect(file.text.trim().split('\r\n')).toHaveLength(6);
  });

  it('adds up to its course over time, and refuses a cursor of another table', async () => {
    const trend = await server.admin('/api/admin/reports/margin/trend?from=2020-01-01&step=month');
    const all = await server.admin('/api/admin/reports/margin/rows?by=month&from=2020-01-01');
    const sum = (rows: typeof trend.json): number =>
      rows.map((row) => Number(row.revenue.amount)).reduce((total, amount) => total + amount, 0);
    expect(sum(trend.json)).toBeCloseTo(sum(all.json.totals), 9);
    const wrong = await server.admin('/api/admin/reports/margin/rows?cursor=bm9uZQ');
    expect([wrong.status, wrong.json.code]).toEqual([400, 'invalid_request']);
  });

  it('and the overview say how the last days went, and what waits', async () => {
    const { status, json } = await server.admin('/api/admin/overview?days=7');
    expect(status).toBe(200);
    expect(json.workspaces).toMatchObject({ total: 5, created: 5, grace: 0 });
    expect(json.totals.map(({ revenue }) => revenue.currency)).toContain('EUR');
    expect(json.days.map(({ day }) => day).every((day) => day <= json.to)).toBe(true);
    expect((await server.admin('/api/admin/overview?days=0')).status).toBe(400);
  });
});

describe('usage day by day', () => {
  it('counts calls, tokens and credits on the day of the workspace, and shows cost to whom cost is shown', async () => {
    const [{ key, id } = { key: '', id: '' }] = made;
    const called = await server.ask('/api/ai/generate', {
      key,
      body: { operation: 'chat', prompt: 'When did the harbour open? It opened in 1887.' },
    });
    expect(called.status).toBe(200);
    const day = await expect
      .poll(async () => (await server.ask('/api/usage/daily', { key })).json.days[0])
      .toMatchObject({ calls: 1, calls_failed: 0, credits_spent: called.json.credits.charged })
      .then(() => server.ask('/api/usage/daily', { key }));
    expect(day.json.days[0]?.input_tokens).toBe(called.json.usage.input_tokens);
    const operator = await server.admin('/api/usage/daily', { headers: { 'purser-workspace': id } });
    expect(operator.json.days[0]?.cost).toBeDefined();
    expect((await server.ask('/api/usage/daily?from=2020-01-01', { key })).json.code).toBe('invalid_request');
  });
});

describe('alerts', () => {
  const [first, second] = ['0.85', '0.95'];

  beforeAll(async () => {
    let number = 0;
    for (const { id } of made.slice(0, 2)) {
      for (const [threshold, severity] of [
        [first, 'warning'],
        [second, 'critical'],
      ]) {
        number += 1;
        await server.database.pool.query(
          `insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, threshold, severity, title, text, for_workspace, raised_at)
           values ($1, $2, 'threshold', 'tokens token', now(), $3, $4, $5, '', true, now())`,
          [id, `00000000-0000-7000-8000-00000000000${number}`, threshold, severity, `${threshold} of tokens`],
        );
      }
    }
  });

  it('about one thing are one, told by the worst of them, and are acknowledged together, each side for itself', async () => {
    const [{ id, key } = { id: '', key: '' }] = made;
    const groups = await pages('/api/admin/alerts/groups?unseen=1&kind=threshold', 'groups');
    const own = groups.rows.find(({ workspace_id, subject }) => workspace_id === id && subject === 'tokens token');
    expect(own).toMatchObject({ alerts: 2, severity: 'critical', title: '0.95 of tokens' });
    const before = (await server.admin('/api/admin/alerts/count')).json.unseen;
    const marked = await server.admin('/api/admin/alerts/seen', {
      body: { through: own?.['newest'], kind: 'threshold', subject: 'tokens token', workspace_id: id },
    });
    expect(marked.json).toEqual({ acknowledged: 2 });
    expect((await server.admin('/api/admin/alerts/count')).json.unseen).toBe(before - 2);
    // The customer has marks of its own.
    expect((await server.ask('/api/alerts/groups?unseen=1', { key })).json.groups[0]?.alerts).toBe(2);
    expect((await server.ask('/api/alerts/seen', { key, body: { through: own?.['newest'] } })).json).toEqual({ acknowledged: 2 });
    expect((await server.ask('/api/alerts/count', { key })).json).toEqual({ unseen: 0, critical: 0 });
  });

  it('about one thing are on one page alone, though some of them lie between those of others', async () => {
    const [, second_workspace] = made;
    const alerts = [
      ['000000000011', 'apart'],
      ['000000000012', 'other'],
      ['000000000013', 'third'],
      ['000000000014', 'apart'],
    ];
    for (const [end, subject] of alerts) {
      await server.database.pool.query(
        `insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, threshold, severity, title, text, for_workspace, raised_at)
         values ($1, $2, 'provider', $3, now(), $4, 'warning', $3, '', false, now())`,
        [second_workspace?.id, `00000000-0000-7000-8000-${end}`, subject, end],
      );
    }
    const { rows } = await pages(`/api/admin/alerts/groups?kind=provider&workspace_id=${second_workspace?.id}`, 'groups');
    expect(rows.map(({ subject, alerts: count }) => [subject, count])).toEqual([
      ['apart', 2],
      ['third', 1],
      ['other', 1],
    ]);
  });

  it('raised after the reader looked stay new, and those of another workspace cannot be reached', async () => {
    const [mine, other] = made;
    const marked = await server.ask('/api/alerts/seen', {
      key: mine?.key ?? '',
      body: { through: 'ffffffff-ffff-7fff-8fff-ffffffffffff' },
    });
    expect(marked.json).toEqual({ acknowledged: 0 });
    const theirs = await server.ask('/api/alerts/groups?unseen=1', { key: other?.key ?? '' });
    expect(theirs.json.groups[0]?.alerts).toBe(2);
    const early = await server.ask('/api/alerts/seen', {
      key: other?.key ?? '',
      body: { through: '00000000-0000-7000-8000-000000000003' },
    });
    expect(early.json).toEqual({ acknowledged: 1 });
    expect((await server.ask('/api/alerts/count', { key: other?.key ?? '' })).json).toEqual({ unseen: 1, critical: 1 });
  });
});
