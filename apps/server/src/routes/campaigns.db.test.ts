import { startSesStandIn, type SesStandIn } from '@purser/mail/standins';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { fillMeter, startTestServer, type TestServer } from '../testing/index.ts';

const SENT_TIMEOUT_MS = 20_000;
const addresses = (count: number, host = 'example.com') =>
  Array.from({ length: count }, (_, index) => ({ email: `r${index}@${host}` }));

async function send(server: TestServer, key: string, body: object, headers: Record<string, string> = {}) {
  return server.ask('/api/campaigns/send', { key, body, headers });
}

/** The campaign when its job has ended. */
async function sent(server: TestServer, key: string, { job_id, campaign_id }: { job_id: string; campaign_id: string }) {
  await expect
    .poll(async () => (await server.ask(`/api/jobs/${job_id}`, { key })).json.status, { timeout: SENT_TIMEOUT_MS, interval: 50 })
    .toBe('succeeded');
  return (await server.ask(`/api/campaigns/${campaign_id}`, { key })).json;
}

function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}

describe('campaigns of an installation without a carrier', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('go to a local mailbox, each recipient with its own data, as text in HTML, with a text part and a link to unsubscribe', async () => {
    const { key } = await server.workspace('PRO');
    const answer = await send(server, key, {
      subject: 'Hello {{name}}',
      html: '<p>Dear {{name}},</p><p>see <a href="https://example.com/new">what is new</a> &amp; tell us.</p>',
      recipients: [
        { email: 'Ann@Example.com', data: { name: 'Ann <b>&</b> "Co"' } },
        { email: 'ann@example.com ', data: { name: 'again' } },
        { email: 'nobody' },
        { email: 'bob@example.com' },
      ],
    });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ accepted: 2, refused: 1, deferred: 0, suppressed: 0, duplicates: 1, local: true });
    expect(answer.json.invalid).toEqual([{ index: 2, email: 'nobody' }]);
    const campaign = await sent(server, key, answer.json);
    expect(campaign).toMatchObject({ status: 'sent', recipients: 3, counts: { delivered: 2, refused: 1, queued: 0 } });
    const { json: mailbox } = await server.ask('/api/campaigns/mailbox', { key });
    expect(mailbox.local).toBe(true);
    const messages = mailbox.messages as unknown as Record<string, string>[];
    expect(new Set(messages.map(({ to }) => to))).toEqual(new Set(['ann@example.com', 'bob@example.com']));
    const ann = messages.find(({ to }) => to === 'ann@example.com')!;
    expect(ann['subject']).toBe('Hello Ann <b>&</b> "Co"');
    expect(ann['html']).toContain('Dear Ann &#60;b&#62;&#38;&#60;/b&#62; &#34;Co&#34;,');
    expect(ann['text']).toBe('Dear Ann <b>&</b> "Co",\n\nsee what is new (https://example.com/new) & tell us.');
    expect(ann['unsubscribe_url']).toMatch(/^http:\/\/[^/]+\/u\/[\w-]{43}$/);
  });

  it('unsubscribe by a button, not by opening the link, and by one click of a mailbox; who has is written to no more', async () => {
    const { key } = await server.workspace('PRO');
    const message = { subject: 'News', text: 'News', recipients: [{ email: 'eve@example.com' }] };
    await sent(server, key, (await send(server, key, message)).json);
    const [first] = (await server.ask('/api/campaigns/mailbox', { key })).json.messages as unknown as {
      unsubscribe_url: string;
    }[];
    const path = new URL(first!.unsubscribe_url).pathname;
    const page = await server.ask(path);
    expect([page.status, page.text.includes('<form method="post">'), page.text.includes('eve@example.com')]).toEqual([
      200,
      true,
      true,
    ]);
    expect((await server.ask('/api/suppressions', { key })).json.suppressions).toEqual([]);
    const clicked = await server.ask(path, {
      method: 'POST',
      body: 'List-Unsubscribe=One-Click',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([clicked.status, clicked.text.includes('Unsubscribed')]).toEqual([200, true]);
    expect((await server.ask('/api/suppressions', { key })).json.suppressions).toMatchObject([
      { email: 'eve@example.com', reason: 'unsubscribed' },
    ]);
    expect(await send(server, key, message)).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    const mixed = await send(server, key, {
      ...message,
      recipients: [{ email: 'EVE@example.com' }, { email: 'kim@example.com' }],
    });
    expect(mixed.json).toMatchObject({ accepted: 1, refused: 1, suppressed: 1 });
    expect(await sent(server, key, mixed.json)).toMatchObject({ counts: { delivered: 1, suppressed: 1 } });
    const forged = path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A');
    expect((await server.ask(forged)).status).toBe(404);
    expect((await server.ask('/api/suppressions/eve@example.com', { key, method: 'DELETE' })).status).toBe(204);
    expect((await send(server, key, message)).json).toMatchObject({ accepted: 1 });
  });

  it('F3 send at most 300 a day: what does not fit is refused with its count, or goes out the next day where that is asked for', async () => {
    const { key } = await server.workspace('PRO');
    const over = await send(server, key, { subject: 'S', text: 'T', recipients: addresses(305) });
    expect(over.json).toMatchObject({ accepted: 300, refused: 5, deferred: 0 });
    const campaign = await sent(server, key, over.json);
    expect(campaign.counts).toMatchObject({ delivered: 300, refused: 5 });
    const none = await send(server, key, { subject: 'S', text: 'T', recipients: addresses(1) });
    expect(none).toMatchObject({ status: 429, json: { code: 'quota_exceeded' } });
    expect(Number(none.headers.get('retry-after'))).toBeGreaterThan(0);
    const later = await send(server, key, { subject: 'S', text: 'T', recipients: addresses(2), overflow: 'next_day' });
    expect(later.json).toMatchObject({ accepted: 0, refused: 0, deferred: 2 });
    const job = await server.ask(`/api/jobs/${later.json.job_id}`, { key });
    expect(job.json).toMatchObject({ status: 'queued', progress: { done: 0, total: 2 } });
    expect((await server.admin('/api/admin/clock', { body: { now: job.json.run_at } })).status).toBe(200);
    expect(await sent(server, key, later.json)).toMatchObject({ status: 'sent', counts: { delivered: 2 } });
  });

  it('a key of idempotency begins one campaign', async () => {
    const { key } = await server.workspace('PRO');
    const body = { subject: 'Once', text: 'T', recipients: addresses(3) };
    const headers = { 'idempotency-key': 'campaign-1' };
    const first = await send(server, key, body, headers);
    const again = await send(server, key, body, headers);
    expect([again.status, again.json, again.headers.get('idempotency-replayed')]).toEqual([202, first.json, 'true']);
    expect((await server.ask('/api/campaigns', { key })).json.campaigns).toHaveLength(1);
    expect(await send(server, key, { ...body, subject: 'Twice' }, headers)).toMatchObject({
      status: 422,
      json: { code: 'idempotency_mismatch' },
    });
  });

  it('whose job is cancelled end: whoever was to be written to is refused, and what was promised to them is free', async () => {
    const { key } = await server.workspace('PRO');
    const later = { subject: 'S', text: 'T', recipients: addresses(310), overflow: 'next_day' };
    const { json } = await send(server, key, later);
    expect(json).toMatchObject({ accepted: 300, deferred: 10 });
    await sent(server, key, json);
    const rest = (await server.ask('/api/jobs?kind=campaign_send&status=queued', { key })).json.jobs as unknown as {
      id: string;
    }[];
    expect(rest).toHaveLength(1);
    expect((await server.ask(`/api/jobs/${rest[0]!.id}/cancel`, { key, method: 'POST' })).status).toBe(200);
    await expect
      .poll(async () => (await server.ask(`/api/campaigns/${json.campaign_id}`, { key })).json, {
        timeout: SENT_TIMEOUT_MS,
        interval: 200,
      })
      .toMatchObject({ status: 'sent', counts: { delivered: 300, refused: 10, queued: 0 } });
  });

  it('of one workspace are not there for another', async () => {
    const [one, other] = [await server.workspace('PRO'), await server.workspace('PRO')];
    const { json } = await send(server, one.key, { subject: 'S', text: 'T', recipients: addresses(1) });
    expect((await server.ask(`/api/campaigns/${json.campaign_id}`, { key: other.key })).status).toBe(404);
    expect((await server.ask('/api/campaigns/mailbox', { key: other.key })).json.messages).toEqual([]);
  });

  it('are refused by name where something in them cannot be sent', async () => {
    const { key } = await server.workspace('PRO');
    const recipients = addresses(1);
    for (const [body, words] of [
      [{ subject: 'S', recipients }, 'html, text or both'],
      [{ subject: 'S', text: 'x'.repeat(90_001), recipients }, '90001 bytes'],
      [{ subject: 'S', text: 'T', from: 'A\r\nBcc: b@example.com <a@example.com>', recipients }, 'from'],
      [{ subject: 'S', text: 'T', recipients: [] }, 'recipients'],
      [{ subject: 'S', text: 'T', recipients, tracking: true }, 'tracking'],
    ] as const) {
      const { status, text } = await send(server, key, body);
      expect([status === 400 || status === 422, text.includes(words), text]).toEqual([true, true, text]);
    }
    const starter = await server.workspace('STARTER');
    expect((await send(server, starter.key, { subject: 'S', text: 'T', recipients })).status).toBe(202);
  });
});

describe('campaigns through Amazon SES, by its official client', () => {
  let ses: SesStandIn;
  let server: TestServer;
  beforeAll(async () => {
    ses = await startSesStandIn();
    server = await startTestServer({
      SES_REGION: 'eu-central-1',
      SES_ACCESS_KEY_ID: 'AKIATEST',
      SES_SECRET_ACCESS_KEY: 'secret',
      SES_ENDPOINT: ses.url,
      PURSER_MAIL_FROM: 'News <news@shop.example>',
    });
  });
  afterEach(() => {
    ses.mood = () => 'well';
  });
  afterAll(async () => {
    await server.close();
    await ses.close();
  });

  const costOf = async (workspace: string) => {
    const { rows } = await server.database.pool.query<{ cost: bigint }>(
      `select coalesce(sum(amount), 0)::bigint as cost from ledger.posting where workspace_id = $1 and debit = 'cost' and credit = 'payable:ses'`,
      [workspace],
    );
    return rows[0]!.cost;
  };

  it('F3 F8 cost $0.10 for a thousand, by the message that SES took; credits stay, quotas count, and each carries our id and one click to unsubscribe', async () => {
    const { id, key } = await server.workspace('STARTER');
    const answer = await send(server, key, { subject: 'Grüße', text: 'T', recipients: addresses(120) });
    expect(answer.json).toMatchObject({ accepted: 120, local: false });
    const campaign = await sent(server, key, answer.json);
    expect(campaign).toMatchObject({ counts: { accepted: 120 }, cost: [{ amount: '0.012', currency: 'USD' }] });
    expect(await costOf(id)).toBe(12_000_000n);
    const raw = ses.taken.find(({ to }) => to[0] === 'r7@example.com')!.raw;
    expect(raw).toMatch(/^List-Unsubscribe: <http:\/\/[^>]*\/u\/[\w-]{43}>/m);
    expect(raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click/m);
    expect(raw).toMatch(/^From: News <news@shop\.example>/m);
    const { meters, credits } = (await server.ask('/api/usage', { key })).json as unknown as {
      meters: { key: string; used: number }[];
      credits: { balance: number };
    };
    expect(meters.find((meter) => meter.key === 'emails_day')?.used).toBe(120);
    expect(credits.balance).toBe(0);
    const job = await server.ask(`/api/jobs/${answer.json.job_id}`, { key });
    expect(job.json).toMatchObject({ lane: 'standard', progress: { done: 120, total: 120 } });
    const foreign = await send(server, key, { subject: 'S', text: 'T', from: 'a@bank.example', recipients: addresses(1) });
    expect(foreign).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
  });

  it('of a plan whose carrier is not set up, while another one is, are refused before anything is written', async () => {
    const { id, key } = await server.workspace('FREE');
    const answer = await send(server, key, { subject: 'S', text: 'T', recipients: addresses(2) });
    expect(answer).toMatchObject({ status: 501, json: { code: 'not_configured' } });
    expect(answer.json.detail).toContain('mailrelay');
    expect((await server.ask('/api/campaigns', { key })).json.campaigns).toEqual([]);
    expect((await server.ask('/api/jobs', { key })).json.jobs).toEqual([]);
    const { rows } = await server.database.pool.query('select 1 from campaigns.recipient where workspace_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  it('what SES rejects is refused, what breaks off is unconfirmed and never sent again, and neither is charged', async () => {
    const { id, key } = await server.workspace('PRO');
    ses.mood = ({ to: [to = ''] }) =>
      to.startsWith('r1@')
        ? 'rejected'
        : to.startsWith('r2@')
          ? 'cut after'
          : to.startsWith('r3@')
            ? 'cut before'
            : to.startsWith('r4@')
              ? 'broken'
              : 'well';
    const before = ses.calls;
    const answer = await send(server, key, { subject: 'S', text: 'T', recipients: addresses(30, 'moods.example') });
    const campaign = await sent(server, key, answer.json);
    expect(campaign.counts).toMatchObject({ accepted: 26, refused: 1, unconfirmed: 3 });
    expect(sumOf(campaign.counts)).toBe(30);
    expect(ses.calls - before).toBe(30);
    expect(await costOf(id)).toBe(2_600_000n);
  });
});

describe('the pool of Mailrelay', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('F6 pauses free sending at 90 % for all, exactly, with an offer and a wait, and resumes with its next month', async () => {
    const first = await server.workspace('FREE');
    await sent(server, first.key, (await send(server, first.key, { subject: 'S', text: 'T', recipients: addresses(1) })).json);
    // 72,000 are 90 % of the pool: eight are left.
    await fillMeter(server, first.id, 'pool:mailrelay', 0.8999);
    const spaces = await Promise.all(Array.from({ length: 5 }, () => server.workspace('FREE')));
    const answers = await Promise.all(
      spaces.map(({ key }) => send(server, key, { subject: 'S', text: 'T', recipients: addresses(2) })),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    const ends = await Promise.all(answers.map(({ json }, index) => sent(server, spaces[index]!.key, json)));
    const total = ends.map(({ counts }) => counts as unknown as Record<string, number>);
    expect(total.reduce((sum, counts) => sum + counts['delivered']!, 0)).toBe(8);
    for (const counts of total) expect(sumOf(counts)).toBe(2);
    const { rows } = await server.database.pool.query(`select used, held from meters.counter where key = 'pool:mailrelay'`);
    expect(rows).toEqual([{ used: 72_000n, held: 0n }]);
    const late = await server.workspace('FREE');
    const paused = await send(server, late.key, { subject: 'S', text: 'T', recipients: addresses(1) });
    expect(paused).toMatchObject({ status: 429, json: { code: 'pool_paused' } });
    expect((paused.json.offers as unknown as { kind: string; id: string }[]).map(({ kind, id }) => [kind, id])).toContainEqual([
      'upgrade',
      'STARTER',
    ]);
    const wait = Number(paused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    const now = server.running.composition.deps.clock.now();
    await server.admin('/api/admin/clock', { body: { now: now.add({ seconds: wait + 60 }).toString() } });
    expect((await send(server, late.key, { subject: 'S', text: 'T', recipients: addresses(1) })).status).toBe(202);
  });
});
