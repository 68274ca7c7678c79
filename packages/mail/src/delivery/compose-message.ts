import type { SendMailOptions } from 'nodemailer';

import type { OutgoingEmail } from './carrier.ts';

/** The message as nodemailer takes it. Nothing in it is read from a file or an address. */
export function composeMessage(email: OutgoingEmail): SendMailOptions {
  const { id, from, to, reply_to, subject, html, text, unsubscribe_url } = email;
  return {
    from,
    to: { name: '', address: to },
    ...(reply_to !== undefined && { replyTo: reply_to }),
    subject,
    text,
    ...(html !== undefined && { html }),
    messageId: `<${id}@${hostOf(from)}>`,
    headers: {
      'X-Purser-Recipient': id,
      ...(unsubscribe_url !== undefined && {
        'List-Unsubscribe': { prepared: true, value: `<${unsubscribe_url}>` },
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function hostOf(from: string): string {
  return /@([^\s@<>]+)>?\s*$/u.exec(from)?.[1] ?? 'purser.invalid';
}
