import { Fault } from '@purser/core';
import type { Transporter } from 'nodemailer';

export interface Email {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same at every attempt, so that a mailbox knows a repeat; it becomes the Message-ID. */
  readonly id?: string;
}

/** How emails leave. */
export interface Mail {
  /** @throws Fault, retryable, when the mail server does not take it. */
  send(email: Email): Promise<void>;
  close(): void;
}

export interface SmtpOptions {
  /** `smtp://user:password@host:port` */
  readonly url: string;
  readonly from: string;
  /** Of each step: a server that does not answer is given up. */
  readonly timeout_ms?: number;
}

const CONNECTIONS_MAX = 4;
const TIMEOUT_MS = 10_000;

/** Over SMTP. The library is loaded, and the server connected to, with the first email. */
export function smtpMail({ url, from, timeout_ms = TIMEOUT_MS }: SmtpOptions): Mail {
  let opened: Promise<Transporter> | undefined;
  const transport = (): Promise<Transporter> => (opened ??= connect(url, timeout_ms));
  return {
    async send({ to, subject, text, id }) {
      try {
        const open = await transport();
        await open.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated', ...(id !== undefined && { 'X-Purser-Message': id }) },
          ...(id !== undefined && { messageId: `<${id}@purser>` }),
        });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Fault(`the mail server did not accept the e-mail: ${why}`, { retryable: true, cause: error });
      }
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

async function connect(url: string, timeout_ms: number): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: timeout_ms,
    greetingTimeout: timeout_ms,
    socketTimeout: timeout_ms,
    dnsTimeout: timeout_ms,
    // What is sent is our own text: no attachment is read from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** On a machine of one's own without a mail server: the email is printed for whoever sits before it, marked as such. */
export function printedMail(print: (text: string) => void): Mail {
  return {
    send({ to, subject, text }) {
      print(`[local start: SMTP_URL is not set, so this email was not sent]\nTo: ${to}\nSubject: ${subject}\n\n${text}`);
      return Promise.resolve();
    },
    close() {},
  };
}
