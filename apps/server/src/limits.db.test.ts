import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

const SAAS = new URL('../../../catalogs/saas-credits.yaml', import.meta.url).pathname;

describe('C4 the abuse limits of the third brief, at the door', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ PURSER_CATALOG: SAAS });
  });
  afterAll(() => server.close());

  const move = async (seconds: number): Promise<void> => {
    const now = server.running.composition.deps.clock.now().add({ milliseconds: Math.round(seconds * 1_000) });
    expect((await server.admin('/api/admin/clock', { body: { now: now.toString() } })).status).toBe(200);
  };
  /** The morning of the next Monday there, so that this day and the next are of one week. */
  const moveToMonday = async (timezone: string): Promise<void> => {
    const now = server.running.composition.deps.clock.now().toZonedDateTimeISO(timezone);
    const monday = now.startOfDay().add({ days: 8 - now.dayOfWeek, hours: 9 });
    await move(monday.toInstant().since(now.toInstant()).total('seconds'));
  };
  const chat = (key: string, user: string, body: object | string = { operation: 'chat', prompt: 'hello' }) =>
    server.ask('/api/ai/generate', { key, body, headers: { 'purser-user': user } });
  const WRONG = { operation: 'chat', prompt: 'x'.repeat(50_001) };

  it('429 min_gap: 3 s between the requests of one user; who waits as long as Retry-After says is admitted; another user does not wait', async () => {
    const { key } = await server.workspace();
    expect((await chat(key, 'ada')).status).toBe(200);
    const refused = await chat(key, 'ada');
    expect(refused).toMatchObject({ status: 429, json: { code: 'min_gap' } });
    expect(refused.headers.get('retry-after')).toBe(String(refused.json.retry_after));
    expect((await chat(key, 'grace')).status).toBe(200);
    await move(refused.json.retry_after);
    expect((await chat(key, 'ada')).status).toBe(200);
  });

  it('the clock moves only to where periods that begin then can end', async () => {
    const { status, json } = await server.admin('/api/admin/clock', { body: { now: '9999-12-31T00:00:00Z' } });
    expect([status, json.code]).toEqual([400, 'invalid_request']);
    expect((await chat((await server.workspace()).key, 'ada')).status).toBe(200);
  });

  it('the user of the OpenAI format is the same user', async () => {
    const { key } = await server.workspace();
    expect((await chat(key, 'ada')).status).toBe(200);
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }], user: 'ada' };
    const refused = await server.ask('/v1/chat/completions', { key, body });
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'min_gap' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('429 rate_limited: no more than its plan says in any minute, for all users of a workspace; who waits as told is admitted', async () => {
    const { key } = await server.workspace('PRO', { overrides: { rate: { rps: 10, rpm: 2, burst: 5 } } });
    for (const user of ['a', 'b']) expect((await chat(key, user)).status).toBe(200);
    const refused = await chat(key, 'c');
    expect(refused).toMatchObject({ status: 429, json: { code: 'rate_limited' } });
    expect(refused.json.detail).toMatch(/this workspace may make 2 requests in 60 s; the next one is possible in \d+ s/);
    await move(refused.json.retry_after);
    expect((await chat(key, 'c')).status).toBe(200);
  });

  it('429 rate_limited: what is refused for its body, its size or its operation counts too, and then no body is looked at', async () => {
    const { key } = await server.workspace('PRO', { overrides: { rate: { rps: 10, rpm: 4, burst: 5 } } });
    const deep = `{"operation":"chat","prompt":"x","metadata":${'['.repeat(1_000_000)}`;
    expect(await chat(key, 'a', deep)).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    expect(await chat(key, 'b', '{"operation":')).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    expect(await chat(key, 'c', WRONG)).toMatchObject({ status: 422, json: { code: 'request_too_large' } });
    expect((await chat(key, 'd')).status).toBe(200);
    for (const body of [deep, '{"operation":', WRONG, { operation: 'chat', prompt: 'hello' }]) {
      expect(await chat(key, 'e', body)).toMatchObject({ status: 429, json: { code: 'rate_limited' } });
    }
    const openAi = await server.ask('/v1/chat/completions', {
      key,
      body: `{"model":"auto","user":"f","messages":[${'['.repeat(100)}`,
    });
    expect(openAi).toMatchObject({ status: 429, json: { error: { code: 'rate_limited' } } });
    await move(61);
    for (const user of ['a', 'b', 'c', 'd']) expect((await chat(key, user)).status).toBe(200);
    expect((await chat(key, 'e')).status).toBe(429);
  });

  it('422 request_too_large: more than 10 credits, or a prompt beyond the plan; 2,000 tokens of output are all that is sent', async () => {
    const { key } = await server.workspace();
    expect(await chat(key, 'ada', WRONG)).toMatchObject({ status: 422, json: { code: 'request_too_large' } });
    const clamped = await chat(key, 'grace', { operation: 'chat', prompt: 'hello', max_output_tokens: 5_000 });
    expect(clamped.status).toBe(200);
    expect(clamped.json.degraded).toContainEqual(expect.objectContaining({ what: 'output cut to 2000 tokens' }));
    const { key: poor } = await server.workspace('PRO', { overrides: { request: { credits_max: 1, input_chars_max: 400_000 } } });
    const dear = await chat(poor, 'ada', { operation: 'generate_goal', complexity: 'complex', prompt: 'x'.repeat(300_000) });
    expect(dear).toMatchObject({ status: 422, json: { code: 'request_too_large' } });
    expect(dear.json.detail).toContain('credits a request');
  });

  it('403 temporarily_blocked: five wrong requests keep their user out for 15 minutes, whatever was wrong, at both doors; nobody else', async () => {
    const { key } = await server.workspace();
    const wrongs: (object | string)[] = [
      WRONG,
      '{"operation":',
      { operation: 'no such thing', prompt: 'x' },
      { prompt: 7 },
      WRONG,
    ];
    const codes: string[] = [];
    for (const wrong of wrongs) codes.push((await chat(key, 'ada', wrong)).json.code);
    expect(codes).toEqual(['request_too_large', 'invalid_request', 'invalid_request', 'invalid_request', 'request_too_large']);
    const blocked = await chat(key, 'ada');
    expect(blocked).toMatchObject({ status: 403, json: { code: 'temporarily_blocked', retry_after: 900 } });
    expect(blocked.headers.get('retry-after')).toBe('900');
    expect(blocked.json.detail).toContain('this user sent 5 invalid requests');
    expect(await chat(key, 'ada', WRONG)).toMatchObject({ status: 403, json: { code: 'temporarily_blocked' } });
    const body = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hello' }], user: 'ada' };
    expect((await server.ask('/v1/chat/completions', { key, body })).json.error.code).toBe('temporarily_blocked');
    expect((await chat(key, 'grace')).status).toBe(200);
    await move(blocked.json.retry_after);
    expect((await chat(key, 'ada')).status).toBe(200);
  });

  it('what money, rates and a caller’s own bound on the cost refuse is no failure', async () => {
    const { key } = await server.workspace('PRO', { overrides: { credits_monthly: 0 } });
    for (let call = 0; call < 7; call += 1) {
      expect((await chat(key, 'ada')).json.code).toBe('credits_exhausted');
      expect((await chat(key, 'ada')).json.code).toBe('min_gap');
      await move(3);
    }
    const { key: other } = await server.workspace();
    const bound = { operation: 'chat', prompt: 'hello', max_cost: { amount: '0.000000001', currency: 'USD' } };
    for (let call = 0; call < 7; call += 1) {
      expect((await chat(other, 'ada', bound)).json.code).toBe('request_too_large');
      await move(3);
    }
    expect((await chat(other, 'ada')).status).toBe(200);
  });

  it('429 quota_exceeded: of the user’s day, the day and the week, each in its window; who waits as long as Retry-After says is admitted', async () => {
    const { key } = await server.workspace('PRO', {
      timezone: 'Asia/Bangkok',
      overrides: { quotas: { jobs_user_day: 2, jobs_day: 3, jobs_week: 5 }, credits_monthly: 100 },
    });
    await moveToMonday('Asia/Bangkok');
    const spend = async (user: string): Promise<void> => {
      expect((await chat(key, user)).status).toBe(200);
      await move(3);
    };
    for (const user of ['ada', 'ada', 'grace']) await spend(user);
    const own = await chat(key, 'ada');
    expect(own).toMatchObject({ status: 429, json: { code: 'quota_exceeded' } });
    expect(own.headers.get('retry-after')).toBe(String(own.json.retry_after));
    await move(3);
    const all = await chat(key, 'linus');
    expect(all.json).toMatchObject({ code: 'quota_exceeded' });
    expect(all.json.detail).toMatch(
      /this workspace may use 3 requests a day, and they are used up; it resets on \d+ \w+( \d+)?, 00:00 \(Asia\/Bangkok\)/,
    );
    const usage = await server.ask('/api/usage', { key, headers: { 'purser-user': 'ada' } });
    expect(usage.json.meters).toContainEqual(
      expect.objectContaining({ key: 'jobs_user_day:ada', window: 'day', cap: 2, used: 2 }),
    );
    await move(all.json.retry_after);
    for (const user of ['ada', 'grace']) await spend(user);
    const week = await chat(key, 'linus');
    expect(week.json).toMatchObject({ code: 'quota_exceeded' });
    await move(week.json.retry_after);
    expect((await chat(key, 'linus')).status).toBe(200);
  });

  it('429 quota_exceeded: tokens are clamped to what the day leaves, then refused with the wait', async () => {
    const { key } = await server.workspace('PRO', { overrides: { quotas: { tokens_day: 700 } } });
    const body = { operation: 'chat', prompt: 'hello', max_output_tokens: 2_000 };
    const first = await chat(key, 'ada', body);
    expect(first.status).toBe(200);
    expect(first.json.degraded).not.toEqual([]);
    let refused = first;
    for (let call = 0; refused.status === 200 && call < 100; call += 1) {
      await move(3);
      refused = await chat(key, 'ada', { ...body, prompt: 'hello '.repeat(40) });
    }
    expect(refused).toMatchObject({ status: 429, json: { code: 'quota_exceeded' } });
    await move(refused.json.retry_after);
    expect((await chat(key, 'ada', body)).status).toBe(200);
  });

  it('GET /api/admin/fraud: a user above 500 credits in an hour is flagged, once, with all who spent in that hour', async () => {
    const { id, key } = await server.workspace('PRO', {
      overrides: { concurrency: 20, rate: { rps: 100, rpm: 1_000, burst: 100 } },
    });
    const { id: honest, key: other } = await server.workspace('PRO');
    await server.admin('/api/admin/credits/gift', { body: { workspace_id: id, credits: 1_000, reason: 'to spend' } });
    const goal = { operation: 'generate_goal', prompt: 'save for a boat' };
    expect((await server.admin(`/api/admin/fraud?workspace_id=${id}`)).json.flags).toEqual([]);
    for (let round = 0; round < 170; round += 1) {
      await move(3);
      const names = round % 17 === 0 ? ['ada', 'bob'] : ['ada'];
      const answers = await Promise.all(names.map((user) => chat(key, user, goal)));
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    }
    expect((await chat(other, 'ada')).status).toBe(200);
    const flagsOf = async (workspace: string) => (await server.admin(`/api/admin/fraud?workspace_id=${workspace}`)).json.flags;
    await expect.poll(() => flagsOf(id), { timeout: 15_000, interval: 500 }).toHaveLength(1);
    const flag = (await flagsOf(id))[0]!;
    expect(flag).toMatchObject({ workspace_id: id, user: 'ada', credits_max: 500, seen_at: null });
    expect(flag.credits).toBeGreaterThan(500);
    expect(flag.spenders).toEqual([expect.objectContaining({ user: 'ada' }), expect.objectContaining({ user: 'bob' })]);
    expect((await server.admin(`/api/admin/alerts/${flag.id}/seen`, { method: 'POST' })).status).toBe(200);
    expect((await server.admin('/api/admin/fraud?unseen=1')).json.flags).toEqual([]);
    expect(await flagsOf(honest)).toEqual([]);
  });
});

describe('C4 how many at once', () => {
  it('429 concurrency_exceeded: one more than the plan allows, with Retry-After; when one has ended there is room again', async () => {
    let open: () => void = () => {};
    const gateOpen = new Promise<void>((resolve) => (open = resolve));
    let held = 0;
    const server = await startTestServer(
      {},
      {
        pause: async (point) => {
          if (point !== 'after hold') return;
          held += 1;
          await gateOpen;
        },
      },
    );
    const { key } = await server.workspace('PRO', { overrides: { concurrency: 2 } });
    const chat = () => server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });
    const running = [chat(), chat()];
    await expect.poll(() => held).toBe(2);
    const refused = chat();
    await expect.poll(() => held).toBe(3);
    open();
    expect(await refused).toMatchObject({ status: 429, json: { code: 'concurrency_exceeded', retry_after: 1 } });
    expect((await refused).headers.get('retry-after')).toBe('1');
    for (const answer of await Promise.all(running)) expect(answer.status).toBe(200);
    expect((await chat()).status).toBe(200);
    await server.close();
  });
});
