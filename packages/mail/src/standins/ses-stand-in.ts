import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How it treats a message: as SES does when all is well, or one of the ways in which it fails. */
export type SesMood =
  | 'well'
  /** 429, before it takes anything. */
  | 'throttled'
  /** 400: this message is never taken. */
  | 'rejected'
  /** 400: the account may not send. */
  | 'paused'
  /** 500, and nothing is taken. */
  | 'broken'
  /** Takes the message, and the connection breaks before it says so. */
  | 'cut after'
  /** The connection breaks before anything is taken. */
  | 'cut before';

export interface TakenMessage {
  readonly message_id: string;
  readonly from: string;
  readonly to: readonly string[];
  /** The MIME message as it came. */
  readonly raw: string;
  /** Our own id of the recipient, from its header. */
  readonly recipient: string;
}

export interface SesStandIn {
  url: string;
  readonly taken: readonly TakenMessage[];
  /** Calls of SendEmail, whatever came of them. */
  readonly calls: number;
  /** What becomes of the next messages. */
  mood: (message: TakenMessage) => SesMood;
  quota: { per_second: number; per_24h: number };
  /** Domains it was told of; true: it has found their records, and sends for them. */
  readonly identities: Map<string, boolean>;
  close(): Promise<void>;
}

const ERRORS: Readonly<Partial<Record<SesMood, { status: number; type: string; message: string }>>> = {
  throttled: { status: 429, type: 'TooManyRequestsException', message: 'Maximum sending rate exceeded.' },
  rejected: { status: 400, type: 'MessageRejected', message: 'Email address is not verified.' },
  paused: { status: 400, type: 'SendingPausedException', message: 'Sending paused for this account.' },
  broken: { status: 500, type: 'InternalFailure', message: 'An internal error occurred.' },
};

/**
 * Amazon SES's API of version 2 as its official client speaks it: SendEmail with raw content and GetAccount, its error shapes, its send
 * rate and its quota of 24 hours. What it has taken is told by `taken`.
 */
export async function startSesStandIn(): Promise<SesStandIn> {
  const taken: TakenMessage[] = [];
  const within: number[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    read(request).then(
      (body) => answer(request, response, body),
      () => response.destroy(),
    );
  });
  const standIn: SesStandIn = {
    url: '',
    taken,
    get calls() {
      return calls;
    },
    mood: (): SesMood => 'well',
    quota: { per_second: 1_000, per_24h: 1_000_000 },
    identities: new Map(),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const path = `${request.method} ${new URL(request.url ?? '/', 'http://ses').pathname}`;
    if (!/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[\w-]+\/ses\/aws4_request/u.test(request.headers.authorization ?? ''))
      return fail(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    if (path === 'GET /v2/email/account') {
      const { per_second, per_24h } = standIn.quota;
      const quota = { Max24HourSend: per_24h, MaxSendRate: per_second, SentLast24Hours: taken.length };
      return send(response, 200, { SendQuota: quota, SendingEnabled: true, ProductionAccessEnabled: true });
    }
    if (path.includes('/v2/email/identities')) return answerIdentity(response, path, body, standIn.identities);
    if (path !== 'POST /v2/email/outbound-emails') return fail(response, 404, 'NotFoundException', path);
    calls++;
    takeIn(response, messageOf(JSON.parse(body) as SendEmailBody));
  }

  function takeIn(response: ServerResponse, message: TakenMessage): void {
    const mood = standIn.mood(message);
    if (mood === 'cut before') return void response.destroy();
    const error = ERRORS[mood] ?? overQuota(standIn, taken.length, within);
    if (error !== undefined) return fail(response, error.status, error.type, error.message);
    taken.push(message);
    within.push(performance.now());
    if (mood === 'cut after') return void response.destroy();
    send(response, 200, { MessageId: message.message_id });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return standIn;
}

function answerIdentity(response: ServerResponse, path: string, body: string, identities: Map<string, boolean>): void {
  const asked = /^GET \/v2\/email\/identities\/(.+)$/u.exec(path)?.[1];
  const domain = asked ?? (JSON.parse(body) as { readonly EmailIdentity: string }).EmailIdentity;
  const verified = identities.get(domain);
  if (asked !== undefined && verified === undefined)
    return fail(response, 404, 'NotFoundException', `Email identity ${domain} does not exist.`);
  if (asked === undefined && verified !== undefined)
    return fail(response, 400, 'AlreadyExistsException', `Email identity ${domain} already exist.`);
  if (verified === undefined) identities.set(domain, false);
  const Tokens = [1, 2, 3].map((n) => createHash('sha256').update(`${domain} ${n}`).digest('hex').slice(0, 32));
  const DkimAttributes = { SigningEnabled: true, Status: verified === true ? 'SUCCESS' : 'PENDING', Tokens };
  send(response, 200, { IdentityType: 'DOMAIN', VerifiedForSendingStatus: verified === true, DkimAttributes });
}

function overQuota(
  { quota }: SesStandIn,
  sent: number,
  within: number[],
): { status: number; type: string; message: string } | undefined {
  if (sent >= quota.per_24h) return { status: 429, type: 'LimitExceededException', message: 'Daily message quota exceeded.' };
  const since = performance.now() - 1_000;
  while ((within[0] ?? Infinity) < since) within.shift();
  // SES lets short bursts pass.
  return within.length >= quota.per_second * 2 ? ERRORS.throttled : undefined;
}

interface SendEmailBody {
  readonly FromEmailAddress: string;
  readonly Destination: { readonly ToAddresses: string[] };
  readonly Content: { readonly Raw: { readonly Data: string } };
}

function messageOf(given: SendEmailBody): TakenMessage {
  const raw = Buffer.from(given.Content.Raw.Data, 'base64').toString('utf8');
  const recipient = /^X-Purser-Recipient: (\S+)/imu.exec(raw)?.[1] ?? '';
  return { message_id: crypto.randomUUID(), from: given.FromEmailAddress, to: given.Destination.ToAddresses, raw, recipient };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function fail(response: ServerResponse, status: number, type: string, message: string): void {
  response.setHeader('x-amzn-errortype', type);
  send(response, status, { message });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': crypto.randomUUID() });
  response.end(JSON.stringify(body));
}
