import { createHmac } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { smtpMail } from '@purser/mail';

import { listUndelivered, retryUndelivered } from './undelivered.ts';
import { claimDue, deliver, type DeliveryParts } from './deliver.ts';
import { gather } from './gather.ts';
import { replaceSubscriptions, type Subscriptions, type WantedSubscriptions } from './subscriptions.ts';
import { type AlertBench, openAlertBench, openReceiver, raiseOne, type Receiver } from './testing.ts';

let bench: AlertBench;
const receivers: Receiver[] = [];
beforeAll(async () => {
  bench = await openAlertBench();
});
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((opened) => opened.close()));
});
afterAll(() => bench.close());

const parts = (more: Partial<DeliveryParts> = {}): DeliveryParts => ({
  pool: bench.database.pool,
  clock: bench.clock,
  timeout_ms: 300,
  private_allowed: true,
  tells_cost: true,
  log: { warn: () => {}, error: () => {} },
  ...more,
});

async function receiver(...answer: Parameters<typeof openReceiver>): Promise<Receiver> {
  const opened = await openReceiver(...answer);
  receivers.push(opened);
  return opened;
}

async function subscribe(workspace: WorkspaceId, more: Partial<WantedSubscriptions>): Promise<Subscriptions> {
  const kept = await replaceSubscriptions(
    bench.database.pool,
    { thresholds: {}, digest: { messages_max: 5, within_minutes: 10 }, channels: [], ...more },
    { workspace, now: bench.clock.now(), mail_possible: true, private_allowed: true, also: async () => {} },
  );
  if ('refused' in kept) throw new Error(kept.detail);
  return kept;
}

/** A workspace that is told at one address. */
async function toldAt(kind: 'email' | 'webhook' | 'slack', address: string, more: Partial<WantedSubscriptions> = {}) {
  const workspace = newId<'workspace'>();
  const { channels } = await subscribe(workspace, { ...more, channels: [{ kind, address, kinds: null }] });
  return { workspace, secret: channels[0]?.secret ?? '' };
}

/** Gathers, claims and sends what is due, as a server does each second. */
async function tick(more: Partial<DeliveryParts> = {}): Promise<number> {
  await gather(bench.database.pool, bench.clock.now());
  const claimed = await claimDue(parts(), 16);
  await Promise.all(claimed.map((message) => deliver(parts(more), message)));
  return claimed.length;
}

async function states(workspace: WorkspaceId): Promise<string[]> {
  const { rows } = await bench.database.pool.query<{ state: string; attempts: number }>(
    'select state, attempts from notify.message where workspace_id = $1 order by created_at, message_id',
    [workspace],
  );
  return rows.map(({ state, attempts }) => `${state} ${attempts}`);
}

describe('T9: a webhook', () => {
  test('is signed over time and body, and carries the alert once', async () => {
    const hook = await receiver();
    const { workspace, secret } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    await tick();
    await tick();
    expect(hook.calls).toHaveLength(1);
    const { headers, body } = hook.calls[0]!;
    const [t, v1] = String(headers['purser-signature'])
      .split(',')
      .map((part) => part.split('=')[1]);
    expect(v1).toBe(createHmac('sha256', secret).update(`${t}.${body}`).digest('hex'));
    expect(Number(t)).toBe(bench.clock.now().epochMilliseconds / 1000);
    expect(JSON.parse(body)).toMatchObject({
      id: headers['purser-message-id'],
      type: 'alert',
      alerts: [{ kind: 'threshold', workspace_id: workspace, severity: 'info' }],
    });
    expect(await states(workspace)).toEqual(['delivered 1']);
  });

  test('whose receiver fails is tried again, later and later, under the same id, until it takes it', async () => {
    const hook = await receiver((response, call) => response.writeHead(call < 2 ? 500 : 200).end());
    const { workspace } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    await tick();
    expect(await tick()).toBe(0);
    bench.clock.advance({ seconds: 5 });
    await tick();
    bench.clock.advance({ seconds: 29 });
    expect(await tick()).toBe(0);
    bench.clock.advance({ seconds: 1 });
    await tick();
    expect(await states(workspace)).toEqual(['delivered 3']);
    expect(new Set(hook.calls.map(({ headers }) => headers['purser-message-id'])).size).toBe(1);
  });

  test('whose receiver hangs is given up in time, and delays nobody else', async () => {
    const hanging = await receiver(() => {});
    const dripping = await receiver((response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const well = await receiver();
    const slow = await toldAt('webhook', hanging.url);
    const drips = await toldAt('webhook', dripping.url);
    const other = await toldAt('webhook', well.url);
    for (const { workspace } of [slow, drips, other]) await raiseOne(bench, workspace);
    // Neither receiver ever ends by itself.
    await tick();
    expect(await states(slow.workspace)).toEqual(['due 1']);
    expect(await states(drips.workspace)).toEqual(['due 1']);
    expect(await states(other.workspace)).toEqual(['delivered 1']);
    await subscribe(slow.workspace, {});
    await subscribe(drips.workspace, {});
    expect(await states(slow.workspace)).toEqual(['dropped 1']);
  });

  test('that is redirected is not followed: the way would lead past the check of the address', async () => {
    const inside = await receiver();
    const hook = await receiver((response) => response.writeHead(302, { location: inside.url }).end());
    const { workspace } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    await tick();
    expect([hook.calls.length, inside.calls.length]).toEqual([1, 0]);
    expect(await states(workspace)).toEqual(['due 1']);
    await subscribe(workspace, {});
  });

  test('to an address inside is not sent, though it was let in before', async () => {
    const hook = await receiver();
    const { workspace } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    await tick({ private_allowed: false });
    expect(hook.calls).toEqual([]);
    expect(await states(workspace)).toEqual(['due 1']);
    await subscribe(workspace, {});
  });

  test('that nobody ever takes becomes a dead letter that the operator sees, and may send again', async () => {
    let failing = true;
    const hook = await receiver((response) => response.writeHead(failing ? 503 : 200).end());
    const { workspace } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    for (let attempt = 0; attempt < 9; attempt++) {
      await tick();
      bench.clock.advance({ hours: 3 });
    }
    expect(await states(workspace)).toEqual(['dead 9']);
    const dead = await listUndelivered(bench.database.pool, null);
    if ('refused' in dead) throw new Error(dead.detail);
    const letter = dead.letters.find((one) => one.workspace === workspace)!;
    expect(letter).toMatchObject({ address: hook.url, attempts: 9, alerts: 1, error: 'the receiver answered 503' });
    failing = false;
    expect(await retryUndelivered(bench.database.pool, letter.id, bench.clock.now())).toBeUndefined();
    await tick();
    expect(await states(workspace)).toEqual(['delivered 1']);
    expect(await retryUndelivered(bench.database.pool, letter.id, bench.clock.now())).toMatchObject({ code: 'not_found' });
  });

  test('whose receiver says it is gone is not tried again', async () => {
    const hook = await receiver((response) => response.writeHead(410).end());
    const { workspace } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    await tick();
    expect(await states(workspace)).toEqual(['dead 1']);
  });

  test('in Slack’s shape has a text, whose markup nobody can slip in', async () => {
    const hook = await receiver();
    const { workspace } = await toldAt('slack', hook.url);
    await raiseOne(bench, workspace, { title: 'Seventy <!channel> & more' });
    await tick();
    const { text } = JSON.parse(hook.calls[0]!.body) as { text: string };
    expect(text).toContain('*Seventy &lt;!channel&gt; &amp; more*');
  });
});

describe('T9: an alert is told at least once and raised once', () => {
  test('a sender that dies after it was heard leaves the message to the next, under the same id', async () => {
    const hook = await receiver();
    const { workspace } = await toldAt('webhook', hook.url);
    await raiseOne(bench, workspace);
    await gather(bench.database.pool, bench.clock.now());
    const [claimed] = await claimDue(parts(), 16);
    expect(await claimDue(parts(), 16)).toEqual([]);
    bench.clock.advance({ seconds: 61 });
    await tick();
    expect(hook.calls.map(({ headers }) => headers['purser-message-id'])).toEqual([claimed!.id]);
    expect(await states(workspace)).toEqual(['delivered 2']);
  });

  test('several servers send each message once', async () => {
    const hook = await receiver((response) => void wait(50).then(() => response.end()));
    const { workspace } = await toldAt('webhook', hook.url, { digest: { messages_max: 50, within_minutes: 10 } });
    for (let alert = 0; alert < 12; alert++) await raiseOne(bench, workspace);
    for (let round = 0; round < 200 && hook.calls.length < 12; round++) await Promise.all([tick(), tick(), tick()]);
    for (let round = 0; round < 3; round++) await Promise.all([tick(), tick(), tick()]);
    expect(hook.calls).toHaveLength(12);
    expect(new Set(hook.calls.map(({ headers }) => headers['purser-message-id'])).size).toBe(12);
  });

  test('of many servers that gather at the same moment one makes the messages', async () => {
    const { workspace } = await toldAt('webhook', 'http://127.0.0.1:9/', { digest: { messages_max: 50, within_minutes: 10 } });
    for (let round = 0; round < 30; round++) {
      await raiseOne(bench, workspace);
      await Promise.all(Array.from({ length: 6 }, () => gather(bench.database.pool, bench.clock.now())));
    }
    expect(await states(workspace)).toHaveLength(30);
  });

  test('the same crossing raised again is no second alert and no second message', async () => {
    const hook = await receiver();
    const { workspace } = await toldAt('webhook', hook.url);
    for (let again = 0; again < 3; again++) await raiseOne(bench, workspace, { subject: 'the same' });
    await tick();
    await tick();
    expect(hook.calls).toHaveLength(1);
  });
});

describe('T9: a digest when there are many', () => {
  test('up to the wanted number one by one, and all beyond it together', async () => {
    const hook = await receiver();
    const { workspace } = await toldAt('webhook', hook.url, { digest: { messages_max: 3, within_minutes: 10 } });
    const bodies = (): { type: string; alerts_total: number }[] =>
      hook.calls.map(({ body }) => JSON.parse(body) as { type: string; alerts_total: number });
    for (let alert = 0; alert < 2; alert++) await raiseOne(bench, workspace);
    for (let round = 0; round < 3; round++) await tick();
    expect(bodies().map(({ type }) => type)).toEqual(['alert', 'alert']);
    for (let alert = 0; alert < 120; alert++) await raiseOne(bench, workspace);
    await tick();
    expect(bodies().at(-1)).toMatchObject({ type: 'alert.digest', alerts_total: 120 });
    // Three in ten minutes is what was wanted: what comes now waits, and goes out as one.
    for (let alert = 0; alert < 4; alert++) await raiseOne(bench, workspace);
    await tick();
    expect(hook.calls).toHaveLength(3);
    bench.clock.advance({ minutes: 10, seconds: 1 });
    for (let round = 0; round < 4; round++) await tick();
    expect(bodies().slice(3)).toMatchObject([{ type: 'alert.digest', alerts_total: 4 }]);
  });
});

describe('T9: nobody waits for others', () => {
  test('channels that have had their fill keep no other from its message, and go on when their owner wants more', async () => {
    const once = { messages_max: 1, within_minutes: 1_440 };
    const full = await Promise.all(
      Array.from({ length: 60 }, (_, index) => toldAt('webhook', `http://127.0.0.1:1/${index}`, { digest: once })),
    );
    const raised = async (): Promise<void> => {
      for (const { workspace } of full) await raiseOne(bench, workspace);
      for (let round = 0; round < 3; round++) await gather(bench.database.pool, bench.clock.now());
    };
    await raised();
    await raised();
    const { workspace } = await toldAt('webhook', 'http://127.0.0.1:1/other');
    await raiseOne(bench, workspace);
    await gather(bench.database.pool, bench.clock.now());
    expect(await states(workspace)).toEqual(['due 0']);
    const [first] = full;
    expect(await states(first!.workspace)).toEqual(['due 0']);
    await subscribe(first!.workspace, {
      digest: { messages_max: 2, within_minutes: 10 },
      channels: [{ kind: 'webhook', address: 'http://127.0.0.1:1/0', kinds: null }],
    });
    await gather(bench.database.pool, bench.clock.now());
    expect(await states(first!.workspace)).toEqual(['due 0', 'due 0']);
    for (const one of [...full, { workspace }]) await subscribe(one.workspace, {});
    await gather(bench.database.pool, bench.clock.now());
    const { rowCount } = await bench.database.pool.query('select 1 from notify.delivery where message_id is null');
    expect(rowCount).toBe(0);
  });
});

describe('T9: who is told what', () => {
  test('the customer of its own thresholds, the operator of everything, each of the kinds it wants', async () => {
    const [customers, operators, unresolved] = [await receiver(), await receiver(), await receiver()];
    const { workspace } = await toldAt('webhook', customers.url);
    await subscribe(PLATFORM, {
      channels: [
        { kind: 'webhook', address: operators.url, kinds: null },
        { kind: 'webhook', address: unresolved.url, kinds: ['unreconciled'] },
      ],
    });
    await raiseOne(bench, workspace, { kind: 'threshold' });
    await raiseOne(bench, workspace, { kind: 'unreconciled' });
    await raiseOne(bench, newId<'workspace'>(), { kind: 'threshold' });
    for (let round = 0; round < 4; round++) await tick();
    expect([customers.calls.length, operators.calls.length, unresolved.calls.length]).toEqual([1, 3, 1]);
    await subscribe(PLATFORM, {});
  });

  test('a channel keeps its secret while it stays, and shows it once', async () => {
    const workspace = newId<'workspace'>();
    const channels = [{ kind: 'webhook' as const, address: 'https://hooks.example.com/a', kinds: null }];
    const first = await subscribe(workspace, { channels });
    expect(first.channels[0]?.secret).toMatch(/^whsec_/);
    const again = await subscribe(workspace, { channels });
    expect(again.channels[0]).toEqual({ ...first.channels[0], secret: undefined });
  });
});

describe('T9: mail', () => {
  test('goes out over SMTP with an id of its own, whatever stands in the alert', async () => {
    const mails: string[] = [];
    const smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        let mail = '';
        stream.setEncoding('utf8').on('data', (chunk: string) => (mail += chunk));
        stream.on('end', () => {
          mails.push(mail);
          done();
        });
      },
    });
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
    const { port } = smtp.server.address() as { port: number };
    const mail = smtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'alerts@purser.test', timeout_ms: 2_000 });
    try {
      const { workspace } = await toldAt('email', 'owner@shop.test');
      await raiseOne(bench, workspace, { title: 'Seventy\r\nBcc: everyone@shop.test', text: 'Of a hundred.' });
      await tick({ mail });
      expect(await states(workspace)).toEqual(['delivered 1']);
      const [head = '', body = ''] = mails[0]!.split('\r\n\r\n');
      expect(head).toMatch(/^To: owner@shop\.test$/m);
      expect(head).toMatch(/^Message-ID: <[0-9a-f-]{36}@purser>$/m);
      expect(head).not.toMatch(/^Bcc:/m);
      expect(body).toContain('Of a hundred.');
    } finally {
      mail.close();
      await new Promise<void>((resolve) => smtp.close(() => resolve()));
    }
  });

  test('to a server that is away, or hangs, is tried again', async () => {
    const silent = await import('node:net').then(({ createServer }) => createServer(() => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const mail = smtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'alerts@purser.test', timeout_ms: 300 });
    const { workspace } = await toldAt('email', 'owner@shop.test');
    await raiseOne(bench, workspace);
    await tick({ mail });
    expect(await states(workspace)).toEqual(['due 1']);
    silent.close();
    mail.close();
  });
});
