import { setTimeout as wait } from 'node:timers/promises';

import { isRefusal, type Refusal, TestClock, type WorkspaceId } from '@purser/core';
import { createLog } from '@purser/log';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import {
  type Caller,
  type Identity,
  type IdentityAuditEvent,
  identityMigrations,
  openIdentity,
  type SignedIn,
} from '../index.ts';
import { type MailServer, startMailServer } from '../testing/mail-server.ts';

let database: TestDatabase;
let catalog: Catalog;
let mail: MailServer;
let here: Identity;
let there: Identity;
let clock: TestClock;
const deeds: IdentityAuditEvent[] = [];
let homes = 0;

const openServer = (more: object = {}) =>
  openIdentity({
    pool: database.pool,
    clock,
    admin_token: 'an-admin-token',
    offering: () => catalog,
    persons: {
      public_url: 'https://purser.example',
      smtp_url: mail.url,
      starts_per_address: 3,
      log: createLog({ level: 'silent' }),
      record: async (_, deed) => {
        deeds.push(deed);
      },
      ...more,
    },
  });

beforeAll(async () => {
  database = await createTestDatabase([identityMigrations]);
  catalog = await loadCatalog(new URL('../../../../catalogs/default.yaml', import.meta.url).pathname);
  mail = await startMailServer();
  clock = new TestClock(Temporal.Instant.from('2026-05-04T10:00:00Z'));
  [here, there] = await Promise.all([openServer(), openServer()]);
});
beforeEach(() => {
  deeds.length = 0;
});
afterAll(async () => {
  await here.close();
  await there.close();
  await mail.close();
  await database.drop();
});

/** A device that nobody has used, at an address of its own. */
const home = () => ({ address: `10.0.${Math.floor(++homes / 250)}.${homes % 250}`, device: crypto.randomUUID() });
const mailbox = () => `${crypto.randomUUID()}@harbour.example`;

function let_in<T extends object>(answer: T | Refusal): T {
  if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer;
}
const anonymous = async (origin = home()): Promise<SignedIn> => let_in(await here.persons.signInAnonymously(origin));
const caller = async (token: string, at = here): Promise<Caller> =>
  let_in(await at.authenticate({ authorization: `Bearer ${token}` }));

/** Asks for a link, opens the letter, and follows it while `presented` is signed in. */
async function signIn(email: string, presented?: string, origin = home()): Promise<SignedIn> {
  const asker = presented === undefined ? undefined : (await caller(presented)).person;
  expect(await here.persons.requestLink(email, origin.address, undefined, asker)).toBe(true);
  const link = mail.linkTo(email).searchParams.get('token') ?? '';
  const headers = presented === undefined ? {} : { authorization: `Bearer ${presented}` };
  const answer = let_in(await here.persons.takeLink(link, headers, origin));
  return answer;
}

describe('anonymous sessions', () => {
  test('S7: an anonymous session has a personal workspace on the free plan, on every server, as header and as HttpOnly cookie', async () => {
    const { token, set_cookies } = await anonymous();
    const seen = await caller(token);
    expect(seen).toMatchObject({ kind: 'session', workspace: { plan: 'FREE', overrides: {} }, roles: ['member', 'manager'] });
    expect((await caller(token, there)).workspace?.id).toBe(seen.workspace?.id);
    expect(set_cookies).toHaveLength(1);
    expect(set_cookies[0]).toMatch(/^purser_session=.*; Path=\/; HttpOnly; Secure; SameSite=Lax/);
    const cookie = set_cookies[0]!.split(';')[0]!;
    expect(let_in(await there.authenticate({ cookie })).workspace?.id).toBe(seen.workspace?.id);
    expect(deeds).toEqual([expect.objectContaining({ action: 'workspace.start', workspace: seen.workspace?.id })]);
  });

  test('S7: no second free grant by making sessions again: one for each device, a few for each address', async () => {
    const origin = home();
    await anonymous(origin);
    expect(await here.persons.signInAnonymously(origin)).toMatchObject({ code: 'limit_reached' });
    const others = await Promise.all(
      Array.from({ length: 8 }, () => here.persons.signInAnonymously({ ...origin, device: crypto.randomUUID() })),
    );
    expect(others.filter((one) => !isRefusal(one))).toHaveLength(2);
    const { rows } = await database.pool.query<{ orphans: bigint }>('select count(*) as orphans from identity.sealed_entry');
    expect(rows[0]?.orphans).toBeGreaterThan(0n);
  });

  test('S7: nothing in the store of sessions, or of addresses, tells a token, a mailbox or an address', async () => {
    const origin = home();
    const email = mailbox();
    const { token } = await signIn(email, (await anonymous(origin)).token, origin);
    const { rows } = await database.pool.query<{ all: string }>(
      `select string_agg(t::text, ' ') as all from (select encode(name, 'escape') || encode(sealed, 'escape') as t from identity.sealed_entry
       union all select encode(source, 'escape') from identity.occasion) x`,
    );
    for (const secret of [token, email, origin.address, origin.device]) expect(rows[0]?.all).not.toContain(secret);
  });
});

describe('links by e-mail', () => {
  test('S7: linking keeps the workspace, and with it every row, limit and spend; the session before is over', async () => {
    const before = await anonymous();
    const was = await caller(before.token);
    const email = mailbox();
    const { token } = await signIn(email, before.token);
    const is = await caller(token);
    expect(is.workspace?.id).toBe(was.workspace?.id);
    expect(is.user).toBe(was.user);
    expect(is.person).toMatchObject({ email });
    expect(await here.authenticate({ authorization: `Bearer ${before.token}` })).toMatchObject({ code: 'unauthenticated' });
    expect(deeds.map(({ action }) => action)).toEqual(['workspace.start', 'workspace.link']);
  });

  test('S7: a second device linked to the same mailbox brings its workspace along, without a second monthly grant until it is paid for', async () => {
    const email = mailbox();
    const first = await caller((await signIn(email)).token);
    const second = await anonymous();
    const brought = (await caller(second.token)).workspace!.id;
    const now = await caller((await signIn(email, second.token)).token);
    expect(now.workspace?.id).toBe(first.workspace?.id);
    expect([...now.person!.memberships.keys()].toSorted()).toEqual([first.workspace!.id, brought].toSorted());
    expect((await here.workspace(brought))?.overrides).toEqual({ credits_monthly: 0 });
    await here.changeWorkspace(brought, { plan: 'PRO' });
    expect((await here.workspace(brought))?.overrides).toEqual({});
  });

  test('S7: a link that somebody else asked for takes nothing from the anonymous session it is opened in', async () => {
    const victim = await anonymous();
    const { workspace } = await caller(victim.token);
    const thief = mailbox();
    await here.persons.requestLink(thief, home().address, undefined, (await caller((await anonymous()).token)).person);
    const link = mail.linkTo(thief).searchParams.get('token')!;
    const opened = let_in(await here.persons.takeLink(link, { authorization: `Bearer ${victim.token}` }, home()));
    expect((await caller(opened.token)).person?.memberships.has(workspace!.id)).toBe(false);
    expect((await caller(victim.token)).workspace?.id).toBe(workspace!.id);
  });

  test('S7: another mailbox on a device that had its free start works, and is granted nothing', async () => {
    const origin = home();
    await anonymous(origin);
    const { workspace } = await caller((await signIn(mailbox(), undefined, origin)).token);
    expect(workspace?.overrides).toEqual({ credits_monthly: 0 });
  });

  test('S7: a link opens once, and not after fifteen minutes have passed; twice at the same time it opens one session', async () => {
    const email = mailbox();
    await here.persons.requestLink(email, home().address);
    const link = mail.linkTo(email).searchParams.get('token')!;
    for (const at of [here, there, here]) expect(await at.persons.mailboxOf(link)).toBe(email);
    const opened = await Promise.all([here, there, here, there].map((at) => at.persons.takeLink(link, {}, home())));
    expect(opened.filter((one) => !isRefusal(one))).toHaveLength(1);
    expect(opened.filter(isRefusal).map(({ code }) => code)).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated']);

    await here.persons.requestLink(email, home().address);
    clock.advance({ minutes: 16 });
    const late = mail.linkTo(email).searchParams.get('token')!;
    expect(await here.persons.mailboxOf(late)).toMatchObject({ code: 'unauthenticated' });
    expect(await here.persons.takeLink(late, {}, home())).toMatchObject({ code: 'unauthenticated' });
    for (const unknown of [link, 'x', '']) {
      expect(await here.persons.mailboxOf(unknown)).toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('S7: a page that a link leads to is one of ours, written into the letter as a browser writes it', async () => {
    const strays = ['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example', 'studio', '/a b'];
    for (const elsewhere of [...strays, '/.//elsewhere.example', '/x/..//elsewhere.example', '/%2e//elsewhere.example']) {
      expect(await here.persons.requestLink(mailbox(), home().address, elsewhere)).toMatchObject({ code: 'invalid_request' });
    }
    const email = mailbox();
    await here.persons.requestLink(email, home().address, '/x/../caf\u00E9?tab=2');
    expect(mail.linkTo(email).searchParams.get('callbackURL')).toBe('/caf%C3%A9?tab=2');
  });

  test('S7: a mailbox is sent five links an hour', async () => {
    const email = mailbox();
    for (let i = 0; i < 5; i++) expect(await here.persons.requestLink(email, home().address)).toBe(true);
    expect(await there.persons.requestLink(email, home().address)).toMatchObject({ code: 'rate_limited' });
    clock.advance({ hours: 1 });
    expect(await here.persons.requestLink(email, home().address)).toBe(true);
  });

  test('S7: without a mail server a link is refused in production, and on a local start printed, marked as such', async () => {
    const production = await openServer({ smtp_url: undefined });
    expect(await production.persons.requestLink(mailbox(), '10.9.9.9')).toMatchObject({
      code: 'not_configured',
      detail: expect.stringContaining('SMTP_URL') as unknown,
    });
    const printed: string[] = [];
    const local = await openServer({ smtp_url: undefined, print: (text: string) => printed.push(text) });
    expect(await local.persons.requestLink(mailbox(), '10.9.9.9')).toBe(true);
    expect(printed.join('')).toMatch(/local start: SMTP_URL is not set[^]*magic-link\/verify\?token=[A-Za-z]{32}/);
    await production.close();
    await local.close();
  });
});

describe('roles', () => {
  async function crew(): Promise<{ workspace: WorkspaceId; owner: Caller }> {
    const owner = await caller((await signIn(mailbox())).token);
    return { workspace: owner.workspace!.id, owner };
  }
  const by = (who: Caller) => ({
    actor: who.actor,
    role: who.person!.memberships.get(who.workspace!.id) ?? ('member' as const),
    person_id: who.person!.id,
  });

  async function join(workspace: WorkspaceId, role: 'owner' | 'admin' | 'member', owner: Caller): Promise<Caller> {
    const email = mailbox();
    const invitation = let_in(await here.persons.invite({ workspace, email, role }, by(owner)));
    const { token } = await signIn(email);
    let_in(await here.persons.acceptInvitation(invitation.id, (await caller(token)).person!));
    return caller(token);
  }

  test('C10: an invitation is taken up by the mailbox it was sent to and by nobody else', async () => {
    const { workspace, owner } = await crew();
    const email = mailbox();
    const invitation = let_in(await here.persons.invite({ workspace, email, role: 'member' }, by(owner)));
    await here.persons.writeInvitation(invitation, 'Harbour');
    expect(mail.letters.at(-1)).toMatch(/Subject: An invitation to Harbour/);
    const stranger = await caller((await signIn(mailbox())).token);
    expect(await here.persons.acceptInvitation(invitation.id, stranger.person!)).toMatchObject({ code: 'not_found' });
    const guest = (await signIn(email)).token;
    expect(await here.persons.invitationsFor((await caller(guest)).person!)).toEqual([
      expect.objectContaining({ id: invitation.id }),
    ]);
    let_in(await here.persons.acceptInvitation(invitation.id, (await caller(guest)).person!));
    expect(await caller(guest)).toMatchObject({ workspace: { id: workspace }, roles: ['member'] });
  });

  test('S15: a person names its own workspaces, and another’s is as unknown as none', async () => {
    const { token } = await signIn(mailbox());
    const other = await crew();
    for (const purserWorkspace of [other.workspace, crypto.randomUUID(), 'nobody']) {
      expect(await here.authenticate({ authorization: `Bearer ${token}`, purserWorkspace })).toMatchObject({ code: 'forbidden' });
    }
  });

  test('C10: owners make owners and admins, admins remove members, members leave; the last owner stays, whoever races', async () => {
    const { workspace, owner } = await crew();
    const [admin, member] = [await join(workspace, 'admin', owner), await join(workspace, 'member', owner)];
    const { persons } = here;
    expect(await persons.changeRole(workspace, member.person!.id, 'admin', by(admin))).toMatchObject({ code: 'forbidden' });
    expect(await persons.removeMember(workspace, owner.person!.id, by(admin))).toMatchObject({ code: 'forbidden' });
    expect(await persons.removeMember(workspace, owner.person!.id, by(owner))).toMatchObject({ code: 'limit_reached' });
    expect(await persons.invite({ workspace, email: mailbox(), role: 'admin' }, by(admin))).toMatchObject({
      code: 'forbidden',
    });
    let_in(await persons.changeRole(workspace, admin.person!.id, 'owner', by(owner)));
    const left = await Promise.all(
      [owner, admin].map((who) => there.persons.removeMember(workspace, who.person!.id, { ...by(who), role: 'owner' })),
    );
    expect(left.filter(isRefusal)).toEqual([expect.objectContaining({ code: 'limit_reached' })]);
    let_in(await persons.removeMember(workspace, member.person!.id, by(member)));
    expect(await persons.members(workspace)).toEqual([
      expect.objectContaining({ role: 'owner', user: expect.any(String) as unknown }),
    ]);
  });

  test('C10: a role taken away on one server is gone on the other within a second', async () => {
    const { workspace, owner } = await crew();
    const email = mailbox();
    const invitation = let_in(await here.persons.invite({ workspace, email, role: 'member' }, by(owner)));
    const { token } = await signIn(email);
    let_in(await here.persons.acceptInvitation(invitation.id, (await caller(token)).person!));
    const headers = { authorization: `Bearer ${token}`, purserWorkspace: workspace };
    await expect.poll(async () => isRefusal(await there.authenticate(headers))).toBe(false);
    let_in(await here.persons.removeMember(workspace, (await caller(token)).person!.id, by(owner)));
    const past = performance.now.bind(performance);
    using now = vi.spyOn(performance, 'now');
    now.mockImplementation(() => past() + 700);
    expect(isRefusal(await there.authenticate(headers))).toBe(true);
  });

  test('who worked in a workspace that is erased goes on in another of its own: at once here, and on another server without a refusal in between', async () => {
    const email = mailbox();
    await signIn(email, (await anonymous()).token);
    const { token } = await signIn(email, (await anonymous()).token);
    const erased = (await caller(token)).workspace?.id;
    expect((await caller(token, there)).workspace?.id).toBe(erased);
    await database.pool.query('select identity.erase_workspace($1, $2, $3)', [
      erased,
      'erased-0123456789ab',
      clock.now().toString(),
    ]);
    here.forgetErased(erased as WorkspaceId);
    const next = (await caller(token)).workspace?.id;
    expect([undefined, erased]).not.toContain(next);
    // Each asking may be the one between the notice and the change; a refusal throws.
    for (let seen = erased; seen !== next; await wait(1)) seen = (await caller(token, there)).workspace?.id;
  });

  test('an operator administers every workspace, spends in none but its own, and is made by the installation alone', async () => {
    const { workspace, owner } = await crew();
    const email = mailbox();
    const installation = { actor: 'admin', role: 'owner' as const, person_id: null };
    const PLATFORM = '00000000-0000-0000-0000-000000000000' as WorkspaceId;
    const invitation = let_in(await here.persons.invite({ workspace: PLATFORM, email, role: 'operator' }, installation));
    const { token } = await signIn(email);
    let_in(await here.persons.acceptInvitation(invitation.id, (await caller(token)).person!));
    expect((await caller(token)).roles).toEqual(['member', 'manager', 'admin']);
    const elsewhere = let_in(await here.authenticate({ authorization: `Bearer ${token}`, purserWorkspace: workspace }));
    expect(elsewhere.roles).toEqual(['admin']);
    await expect(
      database.pool.query(`update identity.member set role = 'operator' where person_id = $1`, [owner.person!.id]),
    ).rejects.toThrow('operators_are_the_platforms');
  });
});

describe('by our clock', () => {
  const known = async (token: string, at = here) => !isRefusal(await at.authenticate({ authorization: `Bearer ${token}` }));
  const cookieOf = ({ set_cookies }: SignedIn) => set_cookies[0]!.split(';')[0]!;

  test('S7: a session ends after 90 days without use, on every server, and is not made longer then', async () => {
    const session = await signIn(mailbox());
    clock.advance({ hours: 90 * 24 - 1 });
    expect([await known(session.token), await known(session.token, there)]).toEqual([true, true]);
    clock.advance({ hours: 1 });
    expect([await known(session.token), await known(session.token, there)]).toEqual([false, false]);
    await here.persons.renew({ cookie: cookieOf(session) });
    expect(await known(session.token)).toBe(false);
  });

  test('S7: a session in use is made longer once a day, for as long as it is used', async () => {
    const session = await signIn(mailbox());
    const cookie = cookieOf(session);
    clock.advance({ hours: 23 });
    expect(await here.persons.renew({ cookie })).toEqual([]);
    for (let month = 0; month < 6; month++) {
      clock.advance({ hours: 30 * 24 });
      expect(await here.persons.renew({ cookie })).toEqual([expect.stringContaining('Max-Age=7776000') as unknown]);
    }
    clock.advance({ hours: 89 * 24 });
    expect(await known(session.token, there)).toBe(true);
    clock.advance({ hours: 24 });
    expect(await known(session.token, there)).toBe(false);
  });

  test('S7: signing out everywhere ends the sessions of before and after the clock was moved', async () => {
    const email = mailbox();
    const before = await signIn(email);
    clock.advance({ hours: 24 * 40 });
    const after = await signIn(email);
    await here.persons.signOutEverywhere((await caller(after.token)).person!);
    expect([await known(before.token), await known(after.token)]).toEqual([false, false]);
  });
});
