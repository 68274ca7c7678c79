import { text } from 'node:stream/consumers';

import { inBackground } from '@purser/core';
import { SMTPServer } from 'smtp-server';

/** A mail server that speaks SMTP and keeps what it is sent. */
export interface MailServer {
  readonly url: string;
  /** Newest last, with their headers, as they came over the wire. */
  readonly letters: string[];
  /** The address in the newest letter to a mailbox. */
  linkTo(mailbox: string): URL;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const letters: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      stream.on('end', () => done());
      inBackground(keep(stream), (error) => stream.destroy(error instanceof Error ? error : undefined));
    },
  });
  async function keep(stream: Parameters<typeof text>[0]): Promise<void> {
    letters.push(await text(stream));
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    linkTo(mailbox) {
      const letter = letters.findLast((one) => one.includes(`To: ${mailbox}`)) ?? '';
      // Long lines go over the wire in pieces (quoted-printable).
      const plain = letter
        .replaceAll(/=\r?\n/g, '')
        .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
      return new URL(/https?:\S+/.exec(plain)?.[0] ?? 'about:blank');
    },
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}
