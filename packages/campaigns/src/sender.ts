import { z } from 'zod';

/** `name@host`, or `Name <name@host>`: nothing in it ends a header. */
export const senderSchema = z
  .string()
  .max(400)
  .refine(
    (given) => !/[\p{Cc}]/u.test(given) && z.email().max(254).safeParse(addressOf(given)).success,
    'want an e-mail address, or Name <address>',
  );

/** The address of a sender, in lower case. */
export function addressOf(sender: string): string {
  return (/<([^<>]*)>\s*$/u.exec(sender)?.[1] ?? sender).trim().toLowerCase();
}
