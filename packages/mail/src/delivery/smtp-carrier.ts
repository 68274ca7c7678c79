import type { Transporter } from 'nodemailer';

import type { Carrier, Handover } from './carrier.ts';
import { composeMessage } from './compose-message.ts';

export interface SmtpCarrierOptions {
  readonly provider: string;
  /** `smtp://user:password@host:port` */
  readonly url: string;
  readonly connections_max?: number;
  /** Of each step. */
  readonly timeout_ms?: number;
}

const CONNECTIONS_MAX = 5;
const TIMEOUT_MS = 15_000;
const REASON_CHARS_MAX = 300;

/** Over SMTP, on a few connections that are kept. The library is loaded with the first message. */
export function smtpCarrier(options: SmtpCarrierOptions): Carrier {
  let opened: Promise<Transporter> | undefined;
  const open = (): Promise<Transporter> => (opened ??= connect(options));
  return {
    provider: options.provider,
    pace: async (wanted) => wanted,
    async deliver(email) {
      try {
        const transport = await open();
        await transport.sendMail(composeMessage(email));
        // What a relay answers names its own queue at best; ours is in the message.
        return { kind: 'accepted', message_id: email.id };
      } catch (error) {
        return handoverOf(error);
      }
    },
    close() {
      opened?.then(
        (transport) => transport.close(),
        () => {},
      );
    },
  };
}

async function connect({
  url,
  connections_max = CONNECTIONS_MAX,
  timeout_ms = TIMEOUT_MS,
}: SmtpCarrierOptions): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    pool: true,
    maxConnections: connections_max,
    // A message whose connection broke is not put in again by the pool: it may have been taken.
    maxRequeues: 0,
    connectionTimeout: timeout_ms,
    greetingTimeout: timeout_ms,
    socketTimeout: timeout_ms,
    dnsTimeout: timeout_ms,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

interface SmtpError {
  readonly message?: string;
  readonly code?: string;
  readonly command?: string;
  readonly syscall?: string;
  readonly responseCode?: number;
}

/** Faults before there was a session in which anything could be sent. */
const BEFORE_SESSION = new Set(['EDNS', 'EAUTH', 'ETLS', 'ENOAUTH', 'EPROXY']);
/** Commands whose refusal is about the message or its recipient; that of another is about our account. */
const OF_MESSAGE = new Set(['RCPT TO', 'DATA', 'API']);

function handoverOf(error: unknown): Handover {
  const { message = '', code = '', command = '', syscall, responseCode } = (error ?? {}) as SmtpError;
  const reason = message.slice(0, REASON_CHARS_MAX);
  if (responseCode !== undefined) {
    return { kind: responseCode >= 500 && OF_MESSAGE.has(command) ? 'refused' : 'deferred', reason };
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') return { kind: 'refused', reason };
  return { kind: BEFORE_SESSION.has(code) || syscall === 'connect' ? 'deferred' : 'unconfirmed', reason };
}
