import { refreshStandings } from '@purser/campaigns';
import { verifyMeters } from '@purser/meters';
import { type SesStandIn, type SnsStandIn, startSesStandIn, startSnsStandIn } from '@purser/mail/standins';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

let ses: SesStandIn;
let sns: SnsStandIn;
let server: TestServer;
beforeAll(async () => {
  [ses, sns] = await Promise.all([startSesStandIn(), startSnsStandIn()]);
  server = await startTestServer({
    SES_REGION: 'eu-central-1',
    SES_ACCESS_KEY_ID: 'AKIATEST',
    SES_SECRET_ACCESS_KEY: 'secret',
    SES_ENDPOINT: ses.url,
    SES_CONFIGURATION_SET: 'campaigns',
    SES_TOPIC_ARN: `${sns.topic},arn:aws:sns:us-east-1:123456789012:other`,
    SNS_ENDPOINT: sns.url,
    PURSER_MAIL_FROM: 'news@shop.example',
  });
});
afterAll(async () => {
  await server.close();
  await Promise.all([ses.close(), sns.close()]);
});

const now = () => server.running.composition.deps.clock.now();

/** As SNS posts it: as plain text. */
function post(message: object | string) {
  return server.ask('/api/webhooks/ses', {
    method: 'POST',
    body: typeof message === 'string' ? message : JSON.stringify(message),
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
  });
}
const notification = (event: object, id?: string) => sns.message(event, { at: now(), ...(id !== undefined && { id }) });
const notify = async (event: object, id?: string) => (await post(notification(event, id))).json;

interface Campaign {
  readonly id: string;
  readonly key: string;
  readonly campaign: string;
  /** Our ids and SES's, by address. */
  readonly messages: ReadonlyMap<string, { readonly recipient: string; readonly message_id: string }>;
}

let domains = 0;
async function campaign(names: readonly string[]): Promise<Campaign> {
  const { id, key } = await server.workspace('STARTER');
  const domain = `d${(domains += 1)}.example`;
  const recipients = names.map((name) => ({ email: `${name}@${domain}` }));
  const { json } = await server.ask('/api/campaigns/send', { key, body: { subject: 'S', text: 'T', recipients } });
  await expect
    .poll(async () => (await server.ask(`/api/campaigns/${json.campaign_id}`, { key })).json.status, { timeout: 20_000 })
    .toBe('sent');
  const taken = ses.taken.filter(({ to: [to = ''] }) => to.endsWith(`@${domain}`));
  const messages = new Map(taken.map((one) => [one.to[0]!.split('@')[0]!, one]));
  return { id, key, campaign: json.campaign_id, messages };
}

const counts = async ({ key, campaign: id }: Campaign) =>
  Object.fromEntries(
    Object.entries((await server.ask(`/api/campaigns/${id}`, { key })).json.counts as unknown as Record<string, number>).filter(
      ([, count]) => count > 0,
    ),
  );
const suppressed = async ({ key }: Campaign) =>
  ((await server.ask('/api/suppressions', { key })).json.suppressions as unknown as { email: string; reason: string }[]).map(
    ({ email, reason }) => `${email.split('@')[0]} ${reason}`,
  );
const costOf = async ({ id }: Campaign) => {
  const { rows } = await server.database.pool.query<{ cost: bigint }>(
    `select coalesce(sum(amount) filter (where debit = 'cost'), 0)::bigint as cost from ledger.posting where workspace_id = $1`,
    [id],
  );
  return rows[0]!.cost;
};

const PERMANENT = {
  bounce: { bounceType: 'Permanent', bounceSubType: 'General', bouncedRecipients: [{ diagnosticCode: '550' }] },
};
const TRANSIENT = { bounce: { bounceType: 'Transient', bounceSubType: 'MailboxFull', bouncedRecipients: [] } };

it('deliveries, bounces, complaints and unsubscriptions become the states of recipients, and whoever is not to be written to is suppressed', async () => {
  const sent = await campaign(['ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus']);
  expect(await counts(sent)).toEqual({ accepted: 7 });
  const mail = (name: string) => ({ messageId: 'of SES', tags: { 'purser-recipient': [sent.messages.get(name)!.recipient] } });
  for (const event of [
    { eventType: 'Delivery', mail: mail('ann'), delivery: {} },
    { eventType: 'Bounce', mail: mail('bob'), ...PERMANENT },
    { eventType: 'Bounce', mail: mail('cat'), ...TRANSIENT },
    { eventType: 'Complaint', mail: mail('dan'), complaint: { complaintFeedbackType: 'abuse' } },
    { eventType: 'Subscription', mail: mail('eve'), subscription: {} },
    { eventType: 'Reject', mail: mail('fay'), reject: { reason: 'Bad content' } },
    { eventType: 'DeliveryDelay', mail: mail('gus'), deliveryDelay: { delayType: 'MailboxFull' } },
  ])
    expect(await notify(event)).toEqual({ received: true, outcome: 'applied' });
  expect(await counts(sent)).toEqual({ accepted: 2, delivered: 1, bounced: 2, complained: 1, refused: 1 });
  expect((await suppressed(sent)).toSorted()).toEqual(['bob bounced', 'dan complained', 'eve unsubscribed']);
  // The cost is of what SES took, whatever became of it.
  expect(await costOf(sent)).toBe(700_000n);
});

it('events come in any order: a complaint after a delivery counts, a delivery after a bounce or a complaint undoes nothing', async () => {
  const sent = await campaign(['ann', 'bob', 'cat', 'dan']);
  // As the notifications of an identity are: without tags; SES's own id of the message finds it.
  const mail = (name: string) => ({ messageId: sent.messages.get(name)!.message_id });
  const say = (notificationType: string, name: string, part: object) => notify({ notificationType, mail: mail(name), ...part });
  await say('Delivery', 'ann', { delivery: {} });
  await say('Complaint', 'ann', { complaint: {} });
  await say('Delivery', 'ann', { delivery: {} });
  await say('Bounce', 'bob', PERMANENT);
  await say('Delivery', 'bob', { delivery: {} });
  await say('Delivery', 'cat', { delivery: {} });
  await say('Bounce', 'cat', PERMANENT);
  // Whoever is away answers so after the delivery.
  await say('Delivery', 'dan', { delivery: {} });
  await say('Bounce', 'dan', TRANSIENT);
  expect(await counts(sent)).toEqual({ complained: 1, bounced: 2, delivered: 1 });
  expect((await suppressed(sent)).toSorted()).toEqual(['ann complained', 'bob bounced', 'cat bounced']);
});

it('each message is applied once, and one that came before changes nothing that was changed since', async () => {
  const sent = await campaign(['ann']);
  const event = { eventType: 'Bounce', mail: { messageId: sent.messages.get('ann')!.message_id }, ...PERMANENT };
  const message = notification(event);
  const outcomes = await Promise.all([post(message), post(message), post(message)]);
  expect(outcomes.map(({ json }) => json.outcome).toSorted()).toEqual(['applied', 'duplicate', 'duplicate']);
  const { email } = (
    (await server.ask('/api/suppressions', { key: sent.key })).json.suppressions as unknown as { email: string }[]
  )[0]!;
  expect((await server.ask(`/api/suppressions/${email}`, { key: sent.key, method: 'DELETE' })).status).toBe(204);
  expect((await post(message)).json).toEqual({ received: true, outcome: 'duplicate' });
  expect(await suppressed(sent)).toEqual([]);
});

it('who was unconfirmed is resolved by what SES tells, and booked then, once; of whom SES tells nothing stays unconfirmed and costs nobody', async () => {
  ses.mood = ({ to: [to = ''] }) => (/^(?:bob|cat|dan)@/.test(to) ? 'cut after' : to.startsWith('eve@') ? 'cut before' : 'well');
  const sent = await campaign(['ann', 'bob', 'cat', 'dan', 'eve']);
  ses.mood = () => 'well';
  expect(await counts(sent)).toEqual({ accepted: 1, unconfirmed: 4 });
  expect(await costOf(sent)).toBe(100_000n);
  const mail = (name: string) => ({
    messageId: `of ${name}`,
    tags: { 'purser-recipient': [sent.messages.get(name)!.recipient] },
  });
  await notify({ eventType: 'Send', mail: mail('bob'), send: {} });
  await notify({ eventType: 'Delivery', mail: mail('bob'), delivery: {} });
  await notify({ eventType: 'Delivery', mail: mail('cat'), delivery: {} });
  await notify({ eventType: 'Bounce', mail: mail('dan'), ...PERMANENT });
  expect(await counts(sent)).toEqual({ accepted: 1, delivered: 2, bounced: 1, unconfirmed: 1 });
  await expect.poll(() => costOf(sent), { timeout: 20_000, interval: 200 }).toBe(400_000n);
  expect((await server.ask(`/api/campaigns/${sent.campaign}`, { key: sent.key })).json.cost).toEqual([
    { amount: '0.0004', currency: 'USD' },
  ]);
  expect((await verifyMeters(server.database.pool)).mismatches).toEqual([]);
  expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
});

it('a message that was not sent from here is no error, and is counted', async () => {
  const stranger = { messageId: 'of somebody else', tags: { 'purser-recipient': [crypto.randomUUID()] } };
  expect(await notify({ eventType: 'Delivery', mail: stranger, delivery: {} })).toEqual({ received: true, outcome: 'unknown' });
  expect(await notify({ eventType: 'Open', mail: stranger })).toEqual({ received: true, outcome: 'ignored' });
  expect((await post(sns.message('Successfully validated SNS topic', { at: now() }))).json).toEqual({
    received: true,
    outcome: 'ignored',
  });
  const { text } = await server.ask('/metrics');
  expect(text).toMatch(/purser_carrier_events_total\{carrier="ses",kind="delivered",outcome="unknown"\} 1/);
});

it('a subscription of a topic that is named is confirmed', async () => {
  const confirmation = sns.message('You have chosen', { type: 'SubscriptionConfirmation', at: now() });
  expect((await post(confirmation)).json).toEqual({ received: true, outcome: 'confirmed' });
  expect(sns.confirmed).toEqual([confirmation['Token']]);
});

it('what is forged or malformed is refused by name, and changes nothing', async () => {
  const sent = await campaign(['ann']);
  const event = { eventType: 'Bounce', mail: { messageId: sent.messages.get('ann')!.message_id }, ...PERMANENT };
  const message = notification(event);
  for (const [body, status, words] of [
    [{ ...message, Message: `${message['Message']} ` }, 400, 'Signature'],
    [sns.message(event, { topic: 'arn:aws:sns:eu-central-1:999999999999:ses', at: now() }), 403, 'TopicArn'],
    [{ ...message, SigningCertURL: 'https://evil.example/x.pem' }, 400, 'SigningCertURL'],
    ['{', 400, 'JSON'],
    ['', 400, 'JSON'],
    [notification({ eventType: 'Bounce', mail: {} }), 400, 'Message.mail.messageId'],
    [notification({ mail: {} }), 400, 'eventType'],
  ] as const) {
    const answer = await post(body);
    expect([answer.status, answer.json.detail]).toEqual([status, expect.stringContaining(words)]);
  }
  expect(await counts(sent)).toEqual({ accepted: 1 });
  expect(await suppressed(sent)).toEqual([]);
});

it('a sender of whose messages too many bounce is warned, then stopped, also in campaigns under way, until the operator lifts it', async () => {
  const { id, key } = await server.workspace('STARTER');
  const recipients = Array.from({ length: 310 }, (_, index) => ({ email: `r${index}@bounces.example` }));
  const body = { subject: 'S', text: 'T', recipients, overflow: 'next_day' };
  const { json } = await server.ask('/api/campaigns/send', { key, body });
  expect(json).toMatchObject({ accepted: 300, deferred: 10 });
  const sent = { id, key, campaign: json.campaign_id, messages: new Map() };
  await expect.poll(() => counts(sent), { timeout: 20_000 }).toEqual({ accepted: 300, queued: 10 });
  const standing = async () => (await server.ask('/api/sender-standing', { key })).json;
  const bounce = async (from: number, to: number) => {
    const bounced = ses.taken.filter(({ to: [address = ''] }) => address.endsWith('@bounces.example')).slice(from, to);
    await Promise.all(
      bounced.map(({ message_id }) => notify({ eventType: 'Bounce', mail: { messageId: message_id }, ...PERMANENT })),
    );
  };
  await bounce(0, 6);
  expect(await standing()).toMatchObject({ level: 'good', sent: 300, bounced: 6, complained: 0 });
  await bounce(6, 7);
  expect(await standing()).toMatchObject({ level: 'warned', reason: 'bounces', bounced: 7 });
  await bounce(7, 16);
  expect(await standing()).toMatchObject({
    level: 'stopped',
    reason: 'bounces',
    limits: { bounces: { stopped: 0.05, sample: 100 } },
  });
  const titles = ['Sending of e-mail is stopped', 'Too many e-mails bounce'];
  const alerts = '?kind=sender_reputation&limit=2';
  for (const { json } of [await server.ask(`/api/alerts${alerts}`, { key }), await server.admin(`/api/admin/alerts${alerts}`)])
    expect(json.alerts).toMatchObject(titles.map((title) => ({ title })));
  const refused = await server.ask('/api/campaigns/send', {
    key,
    body: { ...body, recipients: [{ email: 'ann@other.example' }] },
  });
  expect(refused).toMatchObject({ status: 403, json: { code: 'temporarily_blocked' } });
  expect(refused.json.detail).toContain('16 of 300 e-mails bounced');

  // The next day its rest waits, and is sent when the operator has lifted it.
  const before = ses.calls;
  await server.admin('/api/admin/clock', { body: { now: now().add({ hours: 24 }).toString() } });
  const jobs = async (status: string) =>
    (await server.ask(`/api/jobs?kind=campaign_send&status=${status}`, { key })).json.jobs.length;
  await expect.poll(() => jobs('succeeded'), { timeout: 20_000 }).toBe(2);
  expect([await counts(sent), ses.calls - before]).toEqual([{ accepted: 284, bounced: 16, queued: 10 }, 0]);
  expect([...(await server.admin('/api/admin/sender-standings')).json.senders]).toContainEqual(
    expect.objectContaining({ workspace_id: id, level: 'stopped', sent: 300, bounced: 16 }),
  );
  const lift = () => server.admin(`/api/admin/sender-standings/${id}/lift`, { body: { reason: 'the list was cleaned' } });
  expect([(await lift()).status, (await lift()).status]).toEqual([204, 404]);
  expect(await standing()).toMatchObject({ level: 'good', sent: 0, bounced: 0 });
  await server.admin('/api/admin/clock', { body: { now: now().add({ minutes: 20 }).toString() } });
  await expect.poll(() => counts(sent), { timeout: 20_000 }).toEqual({ accepted: 294, bounced: 16 });
});

it('a stopped sender may go on once its rate has fallen, as days count no more', async () => {
  const sent = await campaign(['ann', 'bob', 'cat']);
  for (const name of ['ann', 'bob'])
    await notify({ eventType: 'Complaint', mail: { messageId: sent.messages.get(name)!.message_id }, complaint: {} });
  const level = async () => (await server.ask('/api/sender-standing', { key: sent.key })).json.level;
  expect(await level()).toBe('stopped');
  const { deps } = server.running.composition;
  expect(await refreshStandings(deps)).toBe(0);
  await server.admin('/api/admin/clock', {
    body: {
      now: now()
        .add({ hours: 30 * 24 })
        .toString(),
    },
  });
  expect(await refreshStandings(deps)).toBeGreaterThan(0);
  expect(await level()).toBe('good');
});
