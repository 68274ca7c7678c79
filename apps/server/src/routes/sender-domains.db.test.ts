import { checkVerified } from '@purser/campaigns';
import { type DnsStandIn, type SesStandIn, startDnsStandIn, startSesStandIn } from '@purser/mail/standins';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import type { Json } from '../testing/json.ts';
import { startTestServer, type TestServer } from '../testing/index.ts';

let ses: SesStandIn;
let dns: DnsStandIn;
let server: TestServer;
beforeAll(async () => {
  [ses, dns] = await Promise.all([startSesStandIn(), startDnsStandIn()]);
  server = await startTestServer({
    SES_REGION: 'eu-central-1',
    SES_ACCESS_KEY_ID: 'AKIATEST',
    SES_SECRET_ACCESS_KEY: 'secret',
    SES_ENDPOINT: ses.url,
    PURSER_MAIL_FROM: 'news@host.example',
    PURSER_DNS_SERVERS: dns.address,
  });
});
beforeEach(() => {
  dns.records.clear();
  dns.silent = false;
});
afterAll(async () => {
  await server.close();
  await Promise.all([ses.close(), dns.close()]);
});

const add = (key: string, domain: string) => server.ask('/api/sender-domains', { key, body: { domain } });
const check = (key: string, id: string) => server.ask(`/api/sender-domains/${id}/check`, { key, method: 'POST' });
const send = (key: string, from: string) =>
  server.ask('/api/campaigns/send', {
    key,
    body: { subject: 'S', text: 'T', from, recipients: [{ email: 'ann@elsewhere.example' }] },
  });
const states = ({ records }: Json) => [...records].map(({ purpose, state }) => `${purpose} ${state}`);

/** Sets the records of a domain as they were asked for, but for some. */
function setRecords({ records }: Json, but: (purpose: string) => boolean = () => false): void {
  for (const { purpose, type, name, value } of [...records].filter((record) => !but(record.purpose)))
    dns.records.set(`${type} ${name}`, [
      ...(dns.records.get(`${type} ${name}`) ?? []),
      purpose === 'dkim' ? value.toUpperCase() : value,
    ]);
}

it('a domain may be sent from once DNS says that it is the workspace’s own and that SES signs for it, and SES has seen it', async () => {
  const { key } = await server.workspace('PRO');
  const { status, json } = await add(key, 'Shop.Example.');
  expect(status).toBe(201);
  expect(json).toMatchObject({ domain: 'shop.example', state: 'pending', carrier_verified: false });
  expect(states(json)).toEqual(['ownership', 'dkim', 'dkim', 'dkim', 'spf', 'dmarc'].map((purpose) => `${purpose} unknown`));
  expect((await send(key, 'Shop <ann@shop.example>')).json).toMatchObject({ code: 'invalid_request' });
  expect(states((await check(key, json.id)).json)).toEqual(
    ['ownership', 'dkim', 'dkim', 'dkim', 'spf', 'dmarc'].map((purpose) => `${purpose} missing`),
  );
  setRecords(json, (purpose) => purpose === 'spf' || purpose === 'dmarc');
  // What is there already may stay if it says as much; a policy may be that of the domain above.
  dns.records.set('TXT shop.example', ['other=1', 'v=spf1 ip4:192.0.2.1 include:amazonses.com -all']);
  dns.records.set('TXT _dmarc.shop.example', ['v=DMARC1;p=reject; rua=mailto:d@shop.example']);
  expect((await check(key, json.id)).json).toMatchObject({ state: 'pending', carrier_verified: false });
  ses.identities.set('shop.example', true);
  const verified = (await check(key, json.id)).json;
  expect(verified).toMatchObject({ state: 'verified', carrier_verified: true });
  expect(new Set(states(verified))).toEqual(new Set(['ownership', 'dkim', 'spf', 'dmarc'].map((purpose) => `${purpose} found`)));
  expect((await send(key, 'Shop <ann@shop.example>')).status).toBe(202);
  await expect.poll(() => ses.taken.at(-1)?.from, { timeout: 20_000 }).toBe('Shop <ann@shop.example>');
  for (const from of ['ann@other.example', 'ann@sub.shop.example', 'ann@shop.example.evil.example'])
    expect((await send(key, from)).status).toBe(400);
});

it('another workspace proves by a record of its own that a domain is its own; what SES has verified for others does not do', async () => {
  const [one, other] = [await server.workspace('PRO'), await server.workspace('PRO')];
  const mine = (await add(one.key, 'both.example')).json;
  ses.identities.set('both.example', true);
  setRecords(mine);
  expect((await check(one.key, mine.id)).json.state).toBe('verified');
  const theirs = (await add(other.key, 'both.example')).json;
  expect((await check(other.key, theirs.id)).json.state).toBe('pending');
  expect((await send(other.key, 'ann@both.example')).status).toBe(400);
  expect((await check(other.key, mine.id)).status).toBe(404);
  expect((await server.ask(`/api/sender-domains/${mine.id}`, { key: other.key, method: 'DELETE' })).status).toBe(404);
  setRecords(theirs, (purpose) => purpose !== 'ownership');
  expect((await check(other.key, theirs.id)).json.state).toBe('verified');
});

it('a verified domain stays so while DNS does not answer, and is not sent from once a record is gone', async () => {
  const { key } = await server.workspace('PRO');
  const { json } = await add(key, 'gone.example');
  ses.identities.set('gone.example', true);
  setRecords(json);
  expect((await check(key, json.id)).json.state).toBe('verified');
  dns.silent = true;
  const silent = (await check(key, json.id)).json;
  expect([silent.state, new Set(states(silent).map((one) => one.split(' ')[1]))]).toEqual(['verified', new Set(['unknown'])]);
  dns.silent = false;
  dns.records.clear();
  const { deps } = server.running.composition;
  await server.admin('/api/admin/clock', { body: { now: deps.clock.now().add({ hours: 25 }).toString() } });
  expect(await checkVerified(deps)).toBeGreaterThan(0);
  expect((await server.ask('/api/sender-domains', { key })).json.domains).toMatchObject([
    { domain: 'gone.example', state: 'failed' },
  ]);
  expect((await send(key, 'ann@gone.example')).status).toBe(400);
  expect((await server.ask(`/api/sender-domains/${json.id}`, { key, method: 'DELETE' })).status).toBe(204);
  expect((await server.ask('/api/sender-domains', { key })).json.domains).toEqual([]);
});

it('is refused by name where it is no domain, there already, or none can be verified', async () => {
  const { key } = await server.workspace('PRO');
  for (const domain of [
    'shop',
    'a b.example',
    '-a.example',
    'a..example',
    '192.0.2.1',
    'https://a.example',
    'a@b.example',
    `${'a'.repeat(64)}.example`,
  ])
    expect(await add(key, domain)).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
  expect((await add(key, 'bücher.example')).json.domain).toBe('xn--bcher-kva.example');
  expect(await add(key, 'BÜCHER.example')).toMatchObject({ status: 409, json: { code: 'limit_reached' } });
  const free = await server.workspace('FREE');
  expect(await add(free.key, 'a.example')).toMatchObject({ status: 501, json: { code: 'not_configured' } });
});
