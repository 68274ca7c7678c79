import { isRefusal, RefusalError } from '@purser/core';
import type { Identity, SignedIn } from '@purser/identity';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';

import { describeSession } from './describe-session.ts';

export const wantsCookie = z
  .boolean()
  .default(true)
  .describe('False: the token comes in the answer, and no session cookie is set.');

/** Answers with the session that was opened, and either its cookie or its token. */
export async function sendStarted(
  identity: Identity,
  reply: FastifyReply,
  { token, set_cookies }: SignedIn,
  cookie: boolean,
): Promise<FastifyReply> {
  const caller = await identity.authenticate({ authorization: `Bearer ${token}` });
  if (isRefusal(caller)) throw new RefusalError(caller);
  const session = await describeSession(identity, caller);
  if (!cookie) return reply.send({ session, token });
  return reply.header('set-cookie', set_cookies).send({ session });
}
