import { verify } from 'node:crypto';

import { type Clock, type Refusal, refuse } from '@purser/core';
import { z } from 'zod';

import { SnsCertificates, textAt } from './sns-certificate.ts';

export interface SnsOptions {
  readonly clock: Clock;
  /** ARNs of the topics whose messages are taken. */
  readonly topics: readonly string[];
  /** Where certificates and confirmations lie in place of Amazon's addresses: an emulator. */
  readonly endpoint?: string;
}

/** A message of a topic of ours, signed by SNS. */
export interface SnsMessage {
  readonly type: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  /** The same at every attempt to deliver it. */
  readonly id: string;
  readonly topic: string;
  readonly text: string;
}

/** Takes messages in as Amazon SNS posts them. */
export interface SnsReceiver {
  /**
   * What a body holds; a subscription is confirmed before it is returned. Refuses by name what is no such message, is of another topic,
   * too old, or not signed by SNS. @throws Fault, retryable, when SNS cannot be asked for its certificate or to confirm.
   */
  receive(body: Buffer): Promise<SnsMessage | Refusal>;
}

/** SNS tries for 23 days at most; ids of messages are kept longer than this. */
export const MESSAGE_DAYS_MAX = 28;
const AHEAD = { minutes: 15 };
const MESSAGE_CHARS_MAX = 300_000;

const line = z.string().min(1).max(2_000);
const envelope = z.object({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: z.string().min(1).max(100),
  TopicArn: line,
  Message: z.string().max(MESSAGE_CHARS_MAX),
  Timestamp: z.iso.datetime().max(40),
  SignatureVersion: z.enum(['1', '2']),
  Signature: line,
  SigningCertURL: line,
  Subject: z.string().max(2_000).nullish(),
  Token: line.optional(),
  SubscribeURL: line.optional(),
});
type Envelope = z.infer<typeof envelope>;

/** What is signed, in this order; what is not there is left out. */
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const satisfies Record<Envelope['Type'], readonly (keyof Envelope)[]>;

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html */
export function snsReceiver({ clock, topics, endpoint }: SnsOptions): SnsReceiver {
  const certificates = new SnsCertificates();
  return {
    async receive(body) {
      const given = envelopeIn(body);
      if ('refused' in given) return given;
      const problem = problemOf(given, topics, endpoint, clock.now());
      if (problem !== undefined) return problem;
      const key = await certificates.keyOf(given.SigningCertURL, clock.now());
      if (typeof key === 'string') return refuse('invalid_request', `SigningCertURL: ${key}`);
      const hash = given.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
      if (!verify(hash, Buffer.from(signedText(given)), key, Buffer.from(given.Signature, 'base64')))
        return refuse('invalid_request', 'Signature: the message was not signed so by SNS');
      if (given.Type === 'SubscriptionConfirmation') await textAt(given.SubscribeURL ?? '');
      return { type: given.Type, id: given.MessageId, topic: given.TopicArn, text: given.Message };
    },
  };
}

function envelopeIn(body: Buffer): Envelope | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return refuse('invalid_request', 'the body is not JSON; want a message as Amazon SNS posts it');
  }
  const parsed = envelope.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.');
  return refuse('invalid_request', `${where}: ${issue?.message ?? 'want a message as Amazon SNS posts it'}`);
}

/** What can be said before anything is fetched: whose topic it is, when it was written, where its certificate lies. */
function problemOf(
  { Type, TopicArn, Timestamp, SigningCertURL, SubscribeURL, Token }: Envelope,
  topics: readonly string[],
  endpoint: string | undefined,
  now: Temporal.Instant,
): Refusal | undefined {
  if (!topics.includes(TopicArn)) return refuse('forbidden', 'TopicArn: this topic is none of those that SES_TOPIC_ARN names');
  const at = Temporal.Instant.from(Timestamp);
  const [oldest, newest] = [now.subtract({ hours: 24 * MESSAGE_DAYS_MAX }), now.add(AHEAD)];
  if (Temporal.Instant.compare(at, oldest) < 0 || Temporal.Instant.compare(at, newest) > 0)
    return refuse(
      'invalid_request',
      `Timestamp: got ${at.toString()}, want one of the last ${MESSAGE_DAYS_MAX} days, by the clock of this installation`,
    );
  const host = endpoint === undefined ? amazonHost(TopicArn) : undefined;
  const certificate = addressProblem(SigningCertURL, host, endpoint);
  if (certificate !== undefined) return refuse('invalid_request', `SigningCertURL: ${certificate}`);
  if (host !== undefined && !/^\/SimpleNotificationService-[\w-]{1,64}\.pem$/u.test(new URL(SigningCertURL).pathname))
    return refuse('invalid_request', 'SigningCertURL: want the path of a certificate of SNS');
  if (Type === 'Notification') return undefined;
  if (Token === undefined) return refuse('invalid_request', 'Token: got nothing, want the token of the confirmation');
  const confirms = addressProblem(SubscribeURL ?? '', host, endpoint);
  return confirms === undefined ? undefined : refuse('invalid_request', `SubscribeURL: ${confirms}`);
}

/** The region of a topic is where its messages are signed; China has a suffix of its own. */
function amazonHost(topic: string): string {
  const [, partition = '', , region = ''] = topic.split(':');
  return `sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
}

function addressProblem(address: string, host: string | undefined, endpoint: string | undefined): string | undefined {
  const want = endpoint === undefined ? `https://${host ?? ''}` : new URL(endpoint).origin;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.origin === want && url.username === '' && url.password === '') return undefined;
  return `got ${JSON.stringify(address.slice(0, 100))}, want an address at ${want}`;
}

function signedText(given: Envelope): string {
  return SIGNED[given.Type]
    .map((name) => {
      const value = given[name];
      return value === undefined || value === null ? '' : `${name}\n${value}\n`;
    })
    .join('');
}
