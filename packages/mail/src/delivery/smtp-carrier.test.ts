import { type AddressInfo, createServer, type Socket } from 'node:net';

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';

import type { Carrier, OutgoingEmail } from './carrier.ts';
import { smtpCarrier } from './smtp-carrier.ts';

/** A real SMTP server that fails as it is told to, by the name before the @ of a recipient. */
interface Relay {
  readonly port: number;
  /** Whom messages were taken for whole, each as often as it was. */
  readonly taken: string[];
  /** How often it was asked to take a message. */
  readonly begun: string[];
  readonly connections: () => number;
  /** Ends every connection that is open. */
  cut(): void;
  close(): Promise<void>;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function replied(code: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode: code });
}

async function startRelay(options: SMTPServerOptions = {}): Promise<Relay> {
  const [taken, begun]: [string[], string[]] = [[], []];
  const sockets = new Set<Socket>();
  let connections = 0;
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      const [name = ''] = address.split('@');
      if (name.startsWith('gone')) return done(replied(550, '5.1.1 no such user'));
      if (name.startsWith('grey')) return done(replied(450, '4.7.1 greylisted, try again later'));
      return done();
    },
    onData(stream, { envelope }, done) {
      const [name = ''] = envelope.rcptTo.map(({ address }) => address.split('@')[0] ?? '');
      begun.push(name);
      stream.on('data', () => {
        if (name.startsWith('cutwithin')) cut();
      });
      stream.on('end', () => {
        if (name.startsWith('spam')) return done(replied(554, '5.7.1 rejected as spam'));
        if (name.startsWith('full')) return done(replied(452, '4.2.2 mailbox full'));
        if (name.startsWith('cutwithin')) return;
        taken.push(name);
        if (name.startsWith('cutafter')) return cut();
        if (name.startsWith('endafter')) return sockets.forEach((socket) => socket.end());
        if (name.startsWith('silent')) return;
        done();
      });
    },
    ...options,
  });
  server.server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // What was cut is no failure of the test.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const close = () => {
    cut();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  closing.push(close);
  return { port, taken, begun, cut, close, connections: () => connections };
}

function carrierTo(port: number, more: { connections_max?: number; timeout_ms?: number; user?: string } = {}): Carrier {
  const { user = '', ...options } = more;
  const carrier = smtpCarrier({ provider: 'mailrelay', url: `smtp://${user}127.0.0.1:${port}`, timeout_ms: 2_000, ...options });
  closing.push(() => carrier.close());
  return carrier;
}

let ids = 0;
const email = (name: string): OutgoingEmail => ({
  id: `0193c0de-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
  workspace: 'w',
  from: 'News <news@shop.example>',
  to: `${name}@recv.example`,
  subject: 'S',
  text: 'T'.repeat(20_000),
});

test.each([
  ['gone', 'refused', '550'],
  ['spam', 'refused', '554'],
  ['grey', 'deferred', '450'],
  ['full', 'deferred', '452'],
])('a relay’s no to %s is %s, in its words, and was tried once', async (name, kind, words) => {
  const relay = await startRelay();
  const handover = await carrierTo(relay.port).deliver(email(name));
  expect([handover.kind, 'reason' in handover && handover.reason.includes(words)]).toEqual([kind, true]);
  expect(relay.taken).toEqual([]);
  expect(relay.begun.length).toBeLessThanOrEqual(1);
});

test.each(['cutwithin', 'cutafter', 'endafter', 'silent'])(
  'a connection that breaks or falls silent once a message is on its way (%s) leaves it unconfirmed, and it is not sent again',
  async (name) => {
    const relay = await startRelay();
    const carrier = carrierTo(relay.port, { connections_max: 1, timeout_ms: 500 });
    expect(await carrier.deliver(email('ann'))).toMatchObject({ kind: 'accepted' });
    expect(await carrier.deliver(email(name))).toMatchObject({ kind: 'unconfirmed' });
    // The next one has a connection of its own.
    expect(await carrier.deliver(email('bob'))).toMatchObject({ kind: 'accepted' });
    expect(relay.begun).toEqual(['ann', name, 'bob']);
  },
);

test('where there is no session nothing was sent: nobody listens, the greeting is a no, the password is wrong', async () => {
  const nobody = createServer();
  await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  const { port } = nobody.address() as AddressInfo;
  await new Promise<void>((resolve) => nobody.close(() => resolve()));
  expect(await carrierTo(port).deliver(email('ann'))).toMatchObject({ kind: 'deferred' });
  const busy = await startRelay({ onConnect: (_session, done) => done(replied(421, 'too many connections')) });
  expect(await carrierTo(busy.port).deliver(email('ann'))).toMatchObject({ kind: 'deferred' });
  const strict = await startRelay({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(new Error('wrong password')),
  });
  expect(await carrierTo(strict.port, { user: 'a:b@' }).deliver(email('ann'))).toMatchObject({ kind: 'deferred' });
  expect([...busy.begun, ...strict.begun]).toEqual([]);
});

test('many messages go over a few connections that are kept, each once; what a rate limit turns away is deferred', async () => {
  let left = 60;
  const relay = await startRelay({
    onMailFrom: (_address, _session, done) => (--left >= 0 ? done() : done(replied(450, '4.7.1 too many messages'))),
  });
  const carrier = carrierTo(relay.port, { connections_max: 3 });
  const handovers = await Promise.all(Array.from({ length: 80 }, (_, index) => carrier.deliver(email(`r${index}`))));
  const count = (kind: string): number => handovers.filter((one) => one.kind === kind).length;
  expect([count('accepted'), count('deferred')]).toEqual([60, 20]);
  expect(new Set(relay.taken).size).toBe(relay.taken.length);
  expect(relay.taken).toHaveLength(60);
  expect(relay.connections()).toBeLessThanOrEqual(3);
});

test('a kept connection that the relay has ended meanwhile costs no message', async () => {
  const relay = await startRelay();
  const carrier = carrierTo(relay.port, { connections_max: 1 });
  expect(await carrier.deliver(email('ann'))).toMatchObject({ kind: 'accepted' });
  relay.cut();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await carrier.deliver(email('bob'))).toMatchObject({ kind: 'accepted' });
  expect(relay.taken).toEqual(['ann', 'bob']);
});
