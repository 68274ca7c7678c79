import type * as Sdk from '@aws-sdk/client-sesv2';

import { RECIPIENT_TAG } from '../events/ses-event.ts';
import type { Carrier, Handover } from './carrier.ts';
import { composeMessage } from './compose-message.ts';

export interface SesOptions {
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  /** Another address than Amazon's own for the region. */
  readonly endpoint?: string;
  /** Under which SES publishes what becomes of a message. */
  readonly configuration_set?: string;
  /** Of one request. */
  readonly timeout_ms?: number;
  /** The account's send rate and its quota of 24 hours, shared by all workers. */
  readonly rate: SharedRate;
}

/** What an account may send, as it says itself. */
export interface SendQuota {
  readonly per_second: number;
  /** Undefined: no limit. */
  readonly left_24h: number | undefined;
}

/** A token bucket that all workers of an installation take from. */
export interface SharedRate {
  /** Takes up to `wanted` tokens; may wait a few seconds for the first. `read` asks the account for its quota when nobody did of late. */
  take(provider: string, wanted: number, read: () => Promise<SendQuota>, signal: AbortSignal): Promise<number>;
}

const TIMEOUT_MS = 15_000;

/** Amazon SES by its API of version 2. The client is loaded with the first message. */
export function sesCarrier(options: SesOptions): Carrier {
  let opened: Promise<Ses> | undefined;
  const open = (): Promise<Ses> => (opened ??= connect(options));
  return {
    provider: 'ses',
    pace: (wanted, signal) => options.rate.take('ses', wanted, async () => quotaOf(await open()), signal),
    async deliver(email) {
      try {
        const { client, sdk, compile } = await open();
        const answer = await client.send(
          new sdk.SendEmailCommand({
            FromEmailAddress: email.from,
            Destination: { ToAddresses: [email.to] },
            Content: { Raw: { Data: await compile(composeMessage(email)) } },
            EmailTags: [{ Name: RECIPIENT_TAG, Value: email.id }],
            ...(options.configuration_set !== undefined && { ConfigurationSetName: options.configuration_set }),
          }),
        );
        return answer.MessageId === undefined
          ? { kind: 'unconfirmed', reason: 'SES answered without a message id' }
          : { kind: 'accepted', message_id: answer.MessageId };
      } catch (error) {
        return handoverOf(error);
      }
    },
    close() {
      opened?.then(
        ({ client }) => client.destroy(),
        () => {},
      );
    },
  };
}

interface Ses {
  readonly client: Sdk.SESv2Client;
  readonly sdk: typeof Sdk;
  readonly compile: (message: ReturnType<typeof composeMessage>) => Promise<Buffer>;
}

async function connect({
  region,
  access_key_id,
  secret_access_key,
  endpoint,
  timeout_ms = TIMEOUT_MS,
}: SesOptions): Promise<Ses> {
  const sdk = await import('@aws-sdk/client-sesv2');
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer/index.js');
  const client = new sdk.SESv2Client({
    region,
    credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key },
    // A request that was made again by itself could send twice.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: timeout_ms, requestTimeout: timeout_ms, throwOnRequestTimeout: true },
    ...(endpoint !== undefined && { endpoint }),
  });
  return { client, sdk, compile: (message) => new MailComposer(message).compile().build() };
}

async function quotaOf({ client, sdk }: Ses): Promise<SendQuota> {
  const { SendQuota: quota } = await client.send(new sdk.GetAccountCommand({}));
  const { Max24HourSend: most = 0, SentLast24Hours: sent = 0, MaxSendRate: per_second = 1 } = quota ?? {};
  // -1 is SES's word for no limit.
  return { per_second: Math.max(1, per_second), left_24h: most < 0 ? undefined : Math.max(0, Math.floor(most - sent)) };
}

/** Refusals that are about this message; what is about our account may pass, for the operator can put it right. */
const REFUSED = new Set([
  'MessageRejected',
  'BadRequestException',
  'MailFromDomainNotVerifiedException',
  'InvalidParameterValue',
]);
/** Nothing was connected, so nothing was sent. */
const NEVER_REACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED']);

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function handoverOf(error: unknown): Handover {
  const { name = 'Error', message = '', code, $metadata } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode;
  const reason = `SES: ${name}: ${message}`.slice(0, REASON_CHARS_MAX);
  if (status === undefined) return { kind: code !== undefined && NEVER_REACHED.has(code) ? 'deferred' : 'unconfirmed', reason };
  if (REFUSED.has(name)) return { kind: 'refused', reason };
  // An account without a key, on hold or over its rate; what went wrong within SES may have been taken all the same.
  return status < 500 ? { kind: 'deferred', reason } : { kind: 'unconfirmed', reason };
}

const REASON_CHARS_MAX = 300;
