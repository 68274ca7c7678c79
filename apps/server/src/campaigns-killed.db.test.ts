import { setTimeout as wait } from 'node:timers/promises';

import { checkSize } from '@purser/core/testing';
import { type SesStandIn, startSesStandIn } from '@purser/mail/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FaultedServer } from './testing/faulted-server.ts';
import { startTestServer, type TestServer } from './testing/index.ts';

const CAMPAIGNS = checkSize({ quick: 3, extended: 8 });
const RECIPIENTS = 250;
const KILLS = checkSize({ quick: 1, extended: 3 });
const NANOS_EACH = 100_000n;

/** Of a hundred messages two are rejected, one is answered by a fault, and two connections break: before and after SES has taken the message. */
function moodOf(to: string): ReturnType<SesStandIn['mood']> {
  const place = Number(/\d+/u.exec(to)?.[0]) % 100;
  return place < 2 ? 'rejected' : place === 2 ? 'broken' : place === 3 ? 'cut before' : place === 4 ? 'cut after' : 'well';
}

let ses: SesStandIn;
/** Takes campaigns in and resolves what was left; it sends none. */
let front: TestServer;
let environment: Record<string, string>;
const workers = new Set<FaultedServer>();

beforeAll(async () => {
  ses = await startSesStandIn();
  ses.mood = ({ to: [to = ''] }) => moodOf(to);
  environment = {
    SES_REGION: 'eu-central-1',
    SES_ACCESS_KEY_ID: 'AKIATEST',
    SES_SECRET_ACCESS_KEY: 'secret',
    SES_ENDPOINT: ses.url,
  };
  front = await startTestServer({ ...environment, PURSER_WORKER_SLOTS: '0' });
});
afterAll(async () => {
  await Promise.all([...workers].map((worker) => worker[Symbol.asyncDispose]()));
  await front.close();
  await ses.close();
});

async function startWorker(): Promise<FaultedServer> {
  const worker = await FaultedServer.start({
    ...environment,
    DATABASE_URL: front.database.url,
    PURSER_ADMIN_TOKEN: front.admin_token,
    PURSER_TEST_CLOCK: front.running.composition.deps.clock.now().toString(),
  });
  workers.add(worker);
  return worker;
}

async function kill(worker: FaultedServer): Promise<void> {
  workers.delete(worker);
  await worker[Symbol.asyncDispose]();
}

interface Begun {
  readonly id: string;
  readonly key: string;
  readonly campaign: string;
}

async function begin(): Promise<Begun> {
  const { id, key } = await front.workspace('PRO');
  const recipients = Array.from({ length: RECIPIENTS }, (_, index) => ({ email: `r${index}@${id}.example` }));
  const { json } = await front.ask('/api/campaigns/send', { key, body: { subject: 'S', text: 'T', recipients } });
  expect(json).toMatchObject({ accepted: RECIPIENTS });
  return { id, key, campaign: json.campaign_id };
}

const read = async ({ key, campaign }: Begun) =>
  (await front.ask(`/api/campaigns/${campaign}`, { key })).json as unknown as { status: string; counts: Record<string, number> };

describe('campaigns while workers are killed and SES fails', { timeout: 400_000 }, () => {
  it('F8 every recipient is written to once at most, ends in one state, and what is booked is what SES is known to have taken', async () => {
    const begun = await Promise.all(Array.from({ length: CAMPAIGNS }, begin));
    let worker = await startWorker();
    for (let kills = 0; kills < KILLS; kills++) {
      const sent = ses.calls;
      await expect.poll(() => ses.calls, { timeout: 60_000, interval: 5 }).toBeGreaterThan(sent + 40);
      await wait(Math.random() * 200);
      await kill(worker);
      worker = await startWorker();
    }
    await expect
      .poll(async () => new Set((await Promise.all(begun.map(read))).map(({ status }) => status)), {
        timeout: 240_000,
        interval: 500,
      })
      .toEqual(new Set(['sent']));

    const recipients = ses.taken.map(({ recipient }) => recipient);
    expect(new Set(recipients).size).toBe(recipients.length);
    const ends = await Promise.all(begun.map(read));
    const total = (state: string): number => ends.reduce((sum, { counts }) => sum + (counts[state] ?? 0), 0);
    for (const { counts } of ends) expect(Object.values(counts).reduce((sum, one) => sum + one, 0)).toBe(RECIPIENTS);
    expect(total('queued')).toBe(0);
    expect(total('accepted') + total('refused') + total('unconfirmed')).toBe(CAMPAIGNS * RECIPIENTS);
    expect(total('accepted')).toBeLessThanOrEqual(recipients.length);
    expect(total('accepted') + total('unconfirmed')).toBeGreaterThanOrEqual(recipients.length);

    // What killed workers had held expires, and is resolved to what SES took.
    const now = front.running.composition.deps.clock.now();
    await front.admin('/api/admin/clock', { body: { now: now.add({ minutes: 10 }).toString() } });
    const booked = async () => {
      const { rows } = await front.database.pool.query<{ cost: bigint; unresolved: bigint }>(
        `select coalesce(sum(amount) filter (where debit = 'cost'), 0)::bigint as cost,
           (coalesce(sum(amount) filter (where debit = 'unreconciled'), 0) - coalesce(sum(amount) filter (where credit = 'unreconciled'), 0))::bigint as unresolved
         from ledger.posting where unit = 'USD'`,
      );
      return rows[0];
    };
    await expect
      .poll(booked, { timeout: 90_000, interval: 500 })
      .toEqual({ cost: BigInt(total('accepted')) * NANOS_EACH, unresolved: 0n });
  });
});
