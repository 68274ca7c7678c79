import { Fault } from '@purser/core';
import type { Transporter } from 'nodemailer';

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** How letters leave. */
export interface Mail {
  /** @throws Fault, retryable, when the mail server does not take it. */
  send(letter: Letter): Promise<void>;
  close(): void;
}

const CONNECTIONS_MAX = 4;
const TIMEOUT_MS = 10_000;

/** Over SMTP; `from` when the address of the server names none. */
export function smtpMail(url: string, from: string): Mail {
  let opened: Promise<Transporter> | undefined;
  const transport = (): Promise<Transporter> => (opened ??= connectLater(url));
  return {
    async send(letter) {
      try {
        await (await transport()).sendMail({ from, ...letter });
      } catch (error) {
        throw new Fault('the mail server did not accept the e-mail', { retryable: true, cause: error });
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

/** The library is loaded with the first letter. */
async function connectLater(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // What is sent is our own text: no attachment is read from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** On a machine of one's own without a mail server: the letter is printed for whoever sits before it, marked as such. */
export function printedMail(print: (text: string) => void): Mail {
  return {
    send({ to, subject, text }) {
      print(`[local start: SMTP_URL is not set, so this email was not sent]\nTo: ${to}\nSubject: ${subject}\n\n${text}`);
      return Promise.resolve();
    },
    close() {},
  };
}
