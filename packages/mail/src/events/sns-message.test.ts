import { createServer, globalAgent } from 'node:https';
import type { AddressInfo } from 'node:net';

import { isRefusal, TestClock } from '@purser/core';
import { suiteClock } from '@purser/core/testing';
import SnsValidator from 'sns-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type SnsStandIn, startSnsStandIn } from '../standins/index.ts';
import { type SnsReceiver, snsReceiver } from './sns-message.ts';

const clock = new TestClock(suiteClock().now());
const at = clock.now();
let sns: SnsStandIn;
let receiver: SnsReceiver;
beforeAll(async () => {
  sns = await startSnsStandIn();
  receiver = snsReceiver({ clock, topics: [sns.topic], endpoint: sns.url });
});
afterAll(() => sns.close());

const receive = (message: object, by: SnsReceiver = receiver) => by.receive(Buffer.from(JSON.stringify(message)));
async function refusal(message: object, by?: SnsReceiver): Promise<string> {
  const received = await receive(message, by);
  return isRefusal(received) ? `${received.code}: ${received.detail}` : 'received';
}

test('what SNS signs is received, in both versions of its signature, with a subject and without, in any script; its certificate is fetched once', async () => {
  for (const version of ['1', '2'] as const) {
    for (const subject of [undefined, 'Amazon SES']) {
      const text = '{"eventType":"Delivery","to":"สวัสดี\\n🙂"}';
      const message = sns.message(text, { at, version, ...(subject !== undefined && { subject }) });
      expect(await receive(message)).toEqual({ type: 'Notification', id: message['MessageId'], topic: sns.topic, text });
    }
  }
  expect(sns.fetches).toBe(1);
});

test('Amazon’s own library finds our stand-in’s signatures valid, and refuses them once a character has changed', async () => {
  const server = createServer(
    { key: sns.private_key.export({ type: 'pkcs8', format: 'pem' }), cert: sns.certificate },
    (_, response) => response.end(sns.certificate),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  globalAgent.options.rejectUnauthorized = false;
  const certificate_url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/c.pem`;
  const validator = new SnsValidator(/^127\.0\.0\.1/u, 'utf8');
  const judge = (message: Record<string, unknown>) =>
    new Promise<string>((resolve) => validator.validate(message, (error) => resolve(error === null ? 'valid' : error.message)));
  try {
    for (const version of ['1', '2'] as const) {
      // It leaves the token of an UnsubscribeConfirmation out, which Amazon's guide says is signed.
      for (const type of ['Notification', 'SubscriptionConfirmation'] as const) {
        const message = sns.message('สวัสดี', { at, version, type, certificate_url });
        expect(await judge(message)).toBe('valid');
        expect(await judge({ ...message, Message: `${message['Message']} ` })).toContain('signature');
      }
    }
  } finally {
    delete globalAgent.options.rejectUnauthorized;
    server.close();
    server.closeAllConnections();
  }
});

test('a message of which anything was changed, or which somebody else signed, is refused', async () => {
  const message = sns.message('{}', { at, subject: 'S' });
  for (const changed of [
    { Message: '{} ' },
    { MessageId: 'another' },
    { Subject: 'T' },
    { Subject: undefined },
    { Signature: 'AAAA' },
  ])
    expect(await refusal({ ...message, ...changed })).toContain('invalid_request: Signature');
  const other = await startSnsStandIn(sns.topic);
  try {
    expect(await refusal({ ...other.message('{}', { at }), SigningCertURL: message['SigningCertURL'] })).toContain('Signature');
    expect(await refusal(other.message('{}', { at }))).toContain('SigningCertURL');
  } finally {
    await other.close();
  }
});

test('a topic that was not named is refused before anything is fetched', async () => {
  const foreign = sns.message('{}', { at, topic: 'arn:aws:sns:eu-central-1:999999999999:ses-events' });
  expect(await refusal({ ...foreign, SigningCertURL: 'https://sns.eu-central-1.amazonaws.com/x.pem' })).toContain(
    'forbidden: TopicArn',
  );
});

test('certificates and confirmations lie at Amazon’s address of the topic’s region and nowhere else', async () => {
  const amazon = snsReceiver({ clock, topics: [sns.topic] });
  for (const certificate_url of [
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem',
    'http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem',
    'https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem',
    'https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem',
    'https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem',
    'https://name:word@sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem',
    'https://sns.eu-central-1.amazonaws.com/?Action=Publish&x=.pem',
    'https://sns.eu-central-1.amazonaws.com/../../a-bucket/SimpleNotificationService-0123456789abcdef.pem',
    'file:///etc/passwd',
    'no address',
    sns.url,
  ])
    expect(await refusal(sns.message('{}', { at, certificate_url }), amazon)).toContain('invalid_request: SigningCertURL');
  const confirmation = sns.message('You have chosen to subscribe', { at, type: 'SubscriptionConfirmation' });
  expect(await refusal({ ...confirmation, SubscribeURL: 'https://evil.example/' })).toContain('SubscribeURL');
  expect(await refusal({ ...confirmation, SubscribeURL: undefined })).toContain('SubscribeURL');
  expect(await refusal({ ...confirmation, Token: undefined })).toContain('Token');
  expect(sns.confirmed).toEqual([]);
  expect(await receive(confirmation)).toMatchObject({ type: 'SubscriptionConfirmation' });
  expect(sns.confirmed).toEqual([confirmation['Token']]);
});

test('what is older than SNS would try, or of the future, is refused', async () => {
  const now = clock.now();
  const published = (when: Temporal.Instant) => sns.message('{}', { at: when });
  expect(await refusal(published(now.subtract({ hours: 27 * 24 })))).toBe('received');
  expect(await refusal(published(now.subtract({ hours: 29 * 24 })))).toContain('Timestamp');
  expect(await refusal(published(now.add({ hours: 1 })))).toContain('Timestamp');
});

test.each([
  ['no JSON', 'x'],
  ['no object', '[]'],
  ['nothing', ''],
  ['null', 'null'],
])('a body that is %s is refused', async (_, body) => {
  expect(await receiver.receive(Buffer.from(body))).toMatchObject({ code: 'invalid_request' });
});

test.each(['Type', 'MessageId', 'TopicArn', 'Message', 'Timestamp', 'SignatureVersion', 'Signature', 'SigningCertURL'])(
  'a message without %s is refused by that name',
  async (name) => {
    expect(await refusal({ ...sns.message('{}', { at }), [name]: undefined })).toContain(`invalid_request: ${name}`);
    expect(await refusal({ ...sns.message('{}', { at }), [name]: 7 })).toContain(`invalid_request: ${name}`);
  },
);
