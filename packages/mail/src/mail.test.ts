import type { AddressInfo } from 'node:net';

import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { type Mail, smtpMail } from './mail.ts';

interface Received {
  readonly recipients: readonly string[];
  readonly text: string;
}

const received: Received[] = [];
let server: SMTPServer;
let mail: Mail;
beforeAll(async () => {
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push({ recipients: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  mail = smtpMail({ url: `smtp://127.0.0.1:${port}`, from: 'purser@purser.example', timeout_ms: 5_000 });
});
afterAll(async () => {
  mail.close();
  await new Promise<void>((resolve) => {
    server.close(resolve);
  });
});
beforeEach(() => {
  received.length = 0;
});

test('an email bears that no person wrote it, and its own id at every attempt', async () => {
  const email = { to: 'ann@mill.example', subject: 'A limit', text: 'Used.', id: 'b1946ac9' };
  await mail.send(email);
  await mail.send(email);
  expect(received).toHaveLength(2);
  for (const { recipients, text } of received) {
    expect(recipients).toEqual(['ann@mill.example']);
    expect(text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(text).toMatch(/^Message-ID: <b1946ac9@purser>\r$/m);
  }
});

test.each([
  'ann@mill.example, eve@elsewhere.example',
  'ann@mill.example;eve@elsewhere.example',
  'ann@mill.example\r\nBcc: eve@elsewhere.example',
  'Ann <eve@elsewhere.example>, ann@mill.example',
  'friends: eve@elsewhere.example, ann@mill.example;',
])('nothing in an address adds another recipient: %j', async (to) => {
  await mail.send({ to, subject: 'A limit', text: 'Used.' }).catch(() => undefined);
  const recipients = received.flatMap((one) => one.recipients);
  expect(recipients.length).toBeLessThanOrEqual(1);
});

test('nothing in a subject or a text becomes a header, a recipient or a file', async () => {
  const hostile = 'A limit\r\nBcc: eve@elsewhere.example\r\nX-Other: 1';
  await mail.send({
    to: 'ann@mill.example',
    subject: hostile,
    text: '{"path": "/etc/passwd"}\r\n.\r\nRCPT TO:<eve@elsewhere.example>',
  });
  expect(received.map(({ recipients }) => recipients)).toEqual([['ann@mill.example']]);
  const [headers = ''] = received[0]?.text.split('\r\n\r\n') ?? [];
  expect(headers).not.toMatch(/^(?:bcc|x-other):/im);
  expect(received[0]?.text).not.toContain('root:');
});
