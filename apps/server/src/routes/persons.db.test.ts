import { type MailServer, startMailServer } from '@purser/identity/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Answered, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
let mail: MailServer;
let other: TestServer;
beforeAll(async () => {
  mail = await startMailServer();
  server = await startTestServer({ SMTP_URL: mail.url, PURSER_FREE_STARTS_PER_ADDRESS: '1000' });
  other = await startTestServer({ PURSER_FREE_STARTS_PER_ADDRESS: '2' });
});
afterAll(async () => {
  await server.close();
  await other.close();
  await mail.close();
});

const mailbox = () => `${crypto.randomUUID()}@harbour.example`;
const anonymous = (headers: Record<string, string> = {}) =>
  server.ask('/api/auth/sign-in/anonymous', { body: { cookie: false }, headers });
const generate = (key: string, headers: Record<string, string> = {}) =>
  server.ask('/api/ai/generate', { key, headers, body: { operation: 'chat', prompt: 'The harbour opened in 1887.' } });
const move = async (by: Temporal.DurationLike) => {
  const now = server.running.composition.deps.clock.now().add(by).toString();
  expect((await server.admin('/api/admin/clock', { body: { now } })).status).toBe(200);
};
const usage = async (key: string) => (await server.ask('/api/usage', { key })).json;
const cookiesOf = ({ headers }: Answered): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

const LINK = '/api/auth/magic-link/verify';
/** The token of the newest link to a mailbox. */
const tokenTo = (email: string): string => mail.linkTo(email).searchParams.get('token') ?? '';
/** Signs in by a letter; the token of the session. */
async function signIn(email: string, key?: string): Promise<string> {
  const asked = await server.ask('/api/auth/sign-in/magic-link', { body: { email }, ...(key !== undefined && { key }) });
  expect([asked.status, asked.text]).toEqual([202, '{"sent":true}']);
  const opened = await server.ask(LINK, { body: { token: tokenTo(email), cookie: false }, ...(key !== undefined && { key }) });
  expect(opened.status).toBe(200);
  return opened.json.token;
}

describe('an anonymous session', () => {
  it('S7: works and spends at once in a personal workspace, and linked to a mailbox goes on with every row, limit and spend', async () => {
    const started = await anonymous();
    expect([started.status, started.json.session]).toEqual([
      201,
      expect.objectContaining({ kind: 'workspace', person: expect.objectContaining({ email: null, role: 'owner' }) as unknown }),
    ]);
    const { token } = started.json;
    expect((await generate(token)).status).toBe(200);
    const before = await usage(token);
    const { json: calls } = await server.ask('/api/calls', { key: token });
    expect(calls.calls.length).toBe(1);

    const linked = await signIn(mailbox(), token);
    const after = await usage(linked);
    expect([after.workspace_id, after.cost, after.credits, after.meters]).toEqual([
      before.workspace_id,
      before.cost,
      before.credits,
      before.meters,
    ]);
    expect((await server.ask('/api/calls', { key: linked })).json.calls).toEqual(calls.calls);
    expect((await generate(token)).status).toBe(401);
    // The gap that the free plan wants between two actions of a user is the same user’s still.
    expect((await generate(linked)).json.code).toBe('min_gap');
    await move({ seconds: 4 });
    expect((await generate(linked)).status).toBe(200);
  });

  it('S7: travels as an HttpOnly, SameSite cookie; made again in the same browser it is the same session', async () => {
    const started = await server.ask('/api/auth/sign-in/anonymous', { body: {} });
    for (const cookie of started.headers.getSetCookie()) expect(cookie).toMatch(/; HttpOnly.*; SameSite=Lax/);
    expect(started.json.token).toBeUndefined();
    const cookie = cookiesOf(started);
    const site = { cookie, 'sec-fetch-site': 'same-origin' };
    const again = await server.ask('/api/auth/sign-in/anonymous', { body: {}, headers: site });
    expect([again.status, again.json.session]).toEqual([200, started.json.session]);
    const seen = await server.ask('/api/session', { headers: { cookie } });
    expect(seen.json).toEqual(started.json.session);

    await server.ask('/api/session', { method: 'DELETE', headers: site });
    expect((await server.ask('/api/session', { headers: { cookie } })).text).toBe('{"kind":null}');
    const device = cookie.split('; ').find((one) => one.startsWith('purser_device='))!;
    const second = await server.ask('/api/auth/sign-in/anonymous', {
      body: {},
      headers: { cookie: device, 'sec-fetch-site': 'same-origin' },
    });
    expect([second.status, second.json.code]).toEqual([409, 'limit_reached']);
  });

  it('S7: is begun a bounded number of times from one address, however many devices it says to be', async () => {
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await other.ask('/api/auth/sign-in/anonymous', { body: {} })).status);
    expect(statuses).toEqual([201, 201, 409, 409]);
    const { rows } = await other.database.pool.query<{ workspaces: bigint }>(
      'select count(*) as workspaces from identity.workspace',
    );
    expect(rows[0]?.workspaces).toBe(2n);
  });

  it('S7: invites nobody and makes no keys before a mailbox is proven', async () => {
    const { token } = (await anonymous()).json;
    const invited = await server.ask('/api/members/invitations', { key: token, body: { email: mailbox() } });
    const made = await server.ask('/api/keys', { key: token, body: { name: 'mine' } });
    expect([invited.status, made.status]).toEqual([403, 403]);
  });
});

describe('what another site’s page makes a browser send', () => {
  it('changes nothing: with the cookie of a person every POST, PATCH and DELETE wants our own origin', async () => {
    const started = await server.ask('/api/auth/sign-in/anonymous', { body: {} });
    const cookie = cookiesOf(started);
    const elsewhere: Record<string, string>[] = [
      { cookie },
      { cookie, origin: 'https://elsewhere.example' },
      { cookie, origin: 'null' },
      { cookie, 'sec-fetch-site': 'cross-site' },
      { cookie, 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of elsewhere) {
      const answers = await Promise.all([
        server.ask('/api/ai/generate', { headers, body: { operation: 'chat', prompt: 'hello' } }),
        server.ask('/api/auth/sign-in/anonymous', { headers, body: {} }),
        server.ask('/api/auth/sign-in/magic-link', { headers, body: { email: mailbox() } }),
        server.ask('/api/keys', { headers, body: { name: 'x' } }),
        server.ask('/api/session', { method: 'DELETE', headers }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    }
    expect((await server.ask('/api/session', { headers: { cookie } })).json).toEqual(started.json.session);
  });
});

describe('a link', () => {
  it('S7: opens sessions on several devices; one of them signs out everywhere, and elsewhere nobody is', async () => {
    const email = mailbox();
    const [phone, laptop, other_person] = [await signIn(email), await signIn(email), await signIn(mailbox())];
    for (const token of [phone, laptop]) expect((await server.ask('/api/usage', { key: token })).status).toBe(200);
    expect((await server.ask('/api/session?everywhere=1', { method: 'DELETE', key: phone })).status).toBe(204);
    const after = await Promise.all([phone, laptop, other_person].map((key) => server.ask('/api/usage', { key })));
    expect(after.map(({ status }) => status)).toEqual([401, 401, 200]);
  });

  it('S7: is refused in one clear sentence where no mail server is set', async () => {
    const { status, json } = await other.ask('/api/auth/sign-in/magic-link', { body: { email: mailbox() } });
    expect([status, json.code, json.detail]).toEqual([
      501,
      'not_configured',
      'signing in by email is off here until the operator sets SMTP_URL',
    ]);
  });
});

describe('roles', () => {
  async function join(owner: string, role: string): Promise<string> {
    const email = mailbox();
    const invited = await server.ask('/api/members/invitations', { key: owner, body: { email, role } });
    expect([invited.status, invited.text]).toEqual([201, expect.stringContaining('"emailed":true')]);
    const token = await signIn(email);
    const { json } = await server.ask('/api/session', { key: token });
    const [invitation] = json.person.invitations;
    expect((await server.ask(`/api/members/invitations/${invitation!.id}/accept`, { method: 'POST', key: token })).status).toBe(
      200,
    );
    return token;
  }
  const idOf = async (key: string): Promise<string> => (await server.ask('/api/session', { key })).json.person.id;

  it('C10: a member works and spends; its owner and admins administer members and keys; a key administers nothing', async () => {
    const owner = await signIn(mailbox());
    const [admin, member] = [await join(owner, 'admin'), await join(owner, 'member')];
    const made = await server.ask('/api/keys', { key: admin, body: { name: 'backend' } });
    expect([made.status, made.json.key]).toEqual([201, expect.stringMatching(/^purser_ws_/)]);
    const { id, key } = made.json;
    expect((await server.ask('/api/keys', { key: owner })).text).not.toContain(key);

    for (const spender of [owner, admin, member, key]) expect((await generate(spender)).status).toBe(200);
    for (const manager of [owner, admin]) expect((await server.ask('/api/keys', { key: manager })).status).toBe(200);
    for (const nobody of [member, key]) {
      const answers = await Promise.all([
        server.ask('/api/keys', { key: nobody }),
        server.ask('/api/keys', { key: nobody, body: { name: 'more' } }),
        server.ask(`/api/keys/${id}`, { key: nobody, method: 'DELETE' }),
        server.ask('/api/members/invitations', { key: nobody, body: { email: mailbox() } }),
        server.ask(`/api/members/${await idOf(owner)}`, { key: nobody, method: 'DELETE' }),
        server.ask(`/api/members/${await idOf(member)}`, { key: nobody, method: 'PATCH', body: { role: 'owner' } }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
    }
    // What the workspace pays, and whom it tells.
    const pays = (of: string) => [
      server.ask('/api/marketplace/checkout', { key: of, body: { pack: 'small' } }),
      server.ask('/api/marketplace/portal', { key: of, body: {} }),
      server.ask('/api/alerts/settings', { key: of, method: 'PUT', body: { nonsense: true } }),
    ];
    for (const { status } of await Promise.all(pays(member))) expect(status).toBe(403);
    for (const { status } of await Promise.all([...pays(owner), ...pays(key)])) expect(status).not.toBe(403);
    expect((await server.ask(`/api/keys/${id}`, { key: owner, method: 'DELETE' })).status).toBe(200);
    expect((await generate(key)).status).toBe(401);

    const removed = await server.ask(`/api/members/${await idOf(member)}`, { key: admin, method: 'DELETE' });
    expect(removed.status).toBe(200);
    const { json } = await server.ask('/api/session', { key: member });
    expect(json.person.workspaces.map(({ name }) => name)).toEqual(['Personal']);
    const trail = (await server.admin('/api/admin/audit?limit=200')).text;
    for (const action of ['member.invite', 'member.join', 'member.remove', 'key.create', 'key.revoke', 'workspace.start'])
      expect(trail).toContain(`"${action}"`);
  });

  it('C10: a person with several workspaces names one by header, or goes on in another', async () => {
    const owner = await signIn(mailbox());
    const guest = await join(owner, 'member');
    const { json } = await server.ask('/api/session', { key: guest });
    const personal = json.person.workspaces.find(({ role }) => role === 'owner')!;
    const headers = { 'purser-workspace': personal.id };
    expect((await server.ask('/api/usage', { key: guest, headers })).json.workspace_id).toBe(personal.id);
    const moved = await server.ask('/api/session', { method: 'PATCH', key: guest, body: { workspace_id: personal.id } });
    expect(moved.json.workspace.id).toBe(personal.id);
    const away = await server.ask('/api/session', { method: 'PATCH', key: guest, body: { workspace_id: crypto.randomUUID() } });
    expect([away.status, away.json.code]).toEqual([403, 'forbidden']);
  });

  it('an operator has the admin API, no owner can make one, and in workspaces of others it spends nothing', async () => {
    const email = mailbox();
    const operator = await signIn(email);
    expect((await server.ask('/api/admin/workspaces', { key: operator })).status).toBe(403);
    const owner = await signIn(mailbox());
    const promoted = await server.ask('/api/members/invitations', { key: owner, body: { email, role: 'operator' } });
    expect(promoted.status).toBe(400);

    expect((await server.admin('/api/admin/operators', { body: { email } })).status).toBe(201);
    const [invitation] = (await server.ask('/api/session', { key: operator })).json.person.invitations;
    await server.ask(`/api/members/invitations/${invitation!.id}/accept`, { method: 'POST', key: operator });
    expect((await server.ask('/api/admin/workspaces', { key: operator })).status).toBe(200);
    const { id, key } = await server.workspace();
    const headers = { 'purser-workspace': id };
    expect((await server.ask('/api/usage', { key: operator, headers })).json.workspace_id).toBe(id);
    const spent = await generate(operator, headers);
    expect([spent.status, spent.json.code]).toEqual([403, 'forbidden']);
    expect((await usage(key)).cost.spent.amount).toBe('0');

    const [one] = (await server.admin('/api/admin/operators')).json.operators;
    expect((await server.admin(`/api/admin/operators/${one!.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await server.ask('/api/admin/workspaces', { key: operator })).status).toBe(403);
  });
});

describe('a platform key', () => {
  it('acts for any workspace by our id or the founder’s own, and names the user whose limits count', async () => {
    const { json } = await server.admin('/api/admin/keys', { body: { name: 'backend' } });
    const external_id = `customer-${crypto.randomUUID()}`;
    const { id } = await server.workspace('PRO', { external_id });
    for (const named of [id, external_id]) {
      const answer = await generate(json.key, { 'purser-workspace': named, 'purser-user': 'ann' });
      expect([named, answer.status]).toEqual([named, 200]);
    }
    expect((await generate(json.key)).status).toBe(400);
    expect((await generate(json.key, { 'purser-workspace': 'nobody' })).status).toBe(404);
    const members = await server.ask('/api/members', { key: json.key, headers: { 'purser-workspace': external_id } });
    expect([members.status, members.text]).toEqual([200, '{"members":[],"invitations":[]}']);
  });
});

describe('free credits', () => {
  it('S7: linked from three devices to one mailbox they are granted once a month, and what was spent stays spent', async () => {
    const email = mailbox();
    const devices = [];
    for (let i = 0; i < 3; i++) devices.push((await anonymous()).json.token);
    let linked = '';
    for (const token of devices) {
      expect((await generate(token)).status).toBe(200);
      linked = await signIn(email, token);
    }
    const workspaces = (await server.ask('/api/session', { key: linked })).json.person.workspaces.map(({ id }) => id);
    expect(workspaces).toHaveLength(3);
    const balances = () =>
      Promise.all(
        workspaces.map(
          async (id) =>
            (await server.ask('/api/usage', { key: linked, headers: { 'purser-workspace': id } })).json.credits.balance,
        ),
      );
    expect(await balances()).toEqual([199, 199, 199]);
    await move({ hours: 40 * 24 });
    await expect.poll(async () => (await balances()).toSorted((a, b) => a - b), { timeout: 10_000 }).toEqual([0, 0, 200]);
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });
});

describe('time', () => {
  it('S7: a link is too old after 15 minutes and a session ends after 90 days without use, by the clock that can be moved', async () => {
    const email = mailbox();
    await server.ask('/api/auth/sign-in/magic-link', { body: { email } });
    await move({ minutes: 16 });
    expect((await server.ask(LINK, { body: { token: tokenTo(email) } })).status).toBe(401);

    const [idle, used] = [await signIn(mailbox()), mailbox()];
    await server.ask('/api/auth/sign-in/magic-link', { body: { email: used } });
    const cookie = cookiesOf(await server.ask(LINK, { body: { token: tokenTo(used) } }));
    const session = async () => (await server.ask('/api/session', { headers: { cookie } })).json.kind;
    await move({ hours: 60 * 24 });
    expect(await session()).toBe('workspace');
    await move({ hours: 60 * 24 });
    expect([await session(), (await server.ask('/api/usage', { key: idle })).status]).toEqual(['workspace', 401]);
    await move({ hours: 91 * 24 });
    expect(await session()).toBe(null);
  });
});
