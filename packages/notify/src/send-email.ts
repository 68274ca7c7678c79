import type { Transporter } from 'nodemailer';

import { type Message, subjectOf, textOf } from './message.ts';

export interface Mailer {
  send(to: string, message: Message): Promise<void>;
  close(): void;
}

/** Mail over SMTP, a connection a message; the id of the message is its Message-ID, so that a mailbox knows a repeat. */
export function createMailer({ url, from, timeout_ms }: { url: string; from: string; timeout_ms: number }): Mailer {
  const address = new URL(url);
  for (const name of ['connectionTimeout', 'greetingTimeout', 'socketTimeout', 'dnsTimeout']) {
    address.searchParams.set(name, String(timeout_ms));
  }
  let opened: Promise<Transporter> | undefined;
  // The library is loaded with the first message.
  const transport = (): Promise<Transporter> =>
    (opened ??= import('nodemailer').then(({ createTransport }) => createTransport(address.href)));
  return {
    async send(to, message) {
      const open = await transport();
      await open.sendMail({
        from,
        to: { name: '', address: to },
        subject: `[Purser] ${subjectOf(message)}`,
        text: `${textOf(message)}\n`,
        messageId: `<${message.id}@purser>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Purser-Message': message.id },
      });
    },
    close() {
      // What could not be opened needs no closing.
      opened?.then(
        (open) => open.close(),
        () => {},
      );
    },
  };
}
