import { createSign, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type SnsType = 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';

export interface SnsStandIn {
  readonly url: string;
  readonly topic: string;
  /** Confirmations that were asked for. */
  readonly confirmed: readonly string[];
  /** How often the certificate was fetched. */
  readonly fetches: number;
  readonly certificate: string;
  readonly private_key: KeyObject;
  /** A message as SNS posts it, signed. */
  message(text: string | object, options: SnsMessageOptions): Record<string, string>;
  close(): Promise<void>;
}

export interface SnsMessageOptions {
  /** When it was published. */
  readonly at: Temporal.Instant;
  readonly type?: SnsType;
  readonly version?: '1' | '2';
  readonly id?: string;
  readonly topic?: string;
  readonly subject?: string;
  /** Where the certificate is said to lie. */
  readonly certificate_url?: string;
}

const CERTIFICATE_PATH = '/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem';

/** Amazon SNS as far as an HTTP endpoint meets it: messages signed with a certificate that lies at its address, and confirmations. */
export async function startSnsStandIn(topic = 'arn:aws:sns:eu-central-1:123456789012:ses-events'): Promise<SnsStandIn> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = selfSigned('sns.amazonaws.com', publicKey, privateKey);
  const confirmed: string[] = [];
  let fetches = 0;
  const server = createServer(({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://sns');
    if (pathname === CERTIFICATE_PATH) fetches += 1;
    if (searchParams.get('Action') === 'ConfirmSubscription') confirmed.push(searchParams.get('Token') ?? '');
    const known = pathname === CERTIFICATE_PATH || searchParams.has('Action');
    response.writeHead(known ? 200 : 404).end(known ? certificate : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    topic,
    confirmed,
    get fetches() {
      return fetches;
    },
    certificate,
    private_key: privateKey,
    message(text, options) {
      const { type = 'Notification', version = '2', id = crypto.randomUUID(), at, subject } = options;
      const token = randomBytes(16).toString('hex');
      const fields: Record<string, string> = {
        Type: type,
        MessageId: id,
        TopicArn: options.topic ?? topic,
        Message: typeof text === 'string' ? text : JSON.stringify(text),
        Timestamp: at.round('millisecond').toString(),
        ...(subject !== undefined && { Subject: subject }),
        ...(type !== 'Notification' && {
          Token: token,
          SubscribeURL: `${url}/?Action=ConfirmSubscription&TopicArn=${options.topic ?? topic}&Token=${token}`,
        }),
      };
      const names = Object.keys(fields).toSorted();
      const signed = names.map((name) => `${name}\n${fields[name]}\n`).join('');
      return {
        ...fields,
        SignatureVersion: version,
        SigningCertURL: options.certificate_url ?? url + CERTIFICATE_PATH,
        Signature: createSign(version === '2' ? 'RSA-SHA256' : 'RSA-SHA1')
          .update(signed)
          .sign(privateKey, 'base64'),
      };
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A certificate in PEM of a key by itself, valid from 2000 to 2099 (X.509 in DER). */
export function selfSigned(name: string, publicKey: KeyObject, privateKey: KeyObject): string {
  const sha256WithRsa = der(0x30, oid('2a864886f70d01010b'), der(0x05));
  const names = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(name)))));
  const validity = der(0x30, der(0x18, Buffer.from('20000101000000Z')), der(0x18, Buffer.from('20991231235959Z')));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    sha256WithRsa,
    names,
    validity,
    names,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('RSA-SHA256', body, privateKey)]));
  const lines = der(0x30, body, sha256WithRsa, signature)
    .toString('base64')
    .replaceAll(/(.{64})/gu, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
