import { createHash } from 'node:crypto';

import { systemClock } from '@purser/core';
import { newId, type Pool } from '@purser/database';
import type { Log } from '@purser/log';
import { betterAuth } from 'better-auth';
import { anonymous, bearer, magicLink } from 'better-auth/plugins';
import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import { z } from 'zod';

import { derivedKey } from './shared-secret.ts';
import type { SealedStorage } from './sealed-storage.ts';
import { LINK_LIFETIME_MINUTES, SESSION_COOKIE } from './session-terms.ts';

export interface AuthParts {
  readonly pool: Pool;
  readonly storage: SealedStorage;
  readonly secret: Buffer;
  readonly log: Log;
  /** Where links lead and what a cookie may be sent back to: the address the world knows this installation by. */
  readonly public_url: string;
  sendLink(email: string, token: string, onward: string): Promise<void>;
  /** Someone who went on without signing in has now signed in. */
  link(anonymous_id: string, person: { readonly id: string; readonly email: string }): Promise<void>;
}

const SESSION_LIFETIME_SECONDS = 90 * 24 * 3600;
/** A session in use is made longer no more than once a day. */
const SESSION_RENEWED_SECONDS = 24 * 3600;

/**
 * better-auth on our database: who signs in, by which link, and for how long. It knows persons and sessions; workspaces, roles and
 * keys are ours. Its sessions and waiting links lie sealed in the secondary storage, so its only table is `identity.person`.
 */
export function openBetterAuth(parts: AuthParts) {
  return betterAuth({
    baseURL: parts.public_url,
    basePath: '/api/auth',
    secret: derivedKey(parts.secret, 'better-auth').toString('base64url'),
    database: { db: kyselyOn(parts.pool), type: 'postgres', transaction: true },
    secondaryStorage: parts.storage,
    telemetry: { enabled: false },
    // What may be asked how often is counted in Postgres, for all servers and by our clock.
    rateLimit: { enabled: false },
    logger: {
      level: 'warn',
      log: (level, message, ...more) =>
        parts.log[level === 'error' ? 'error' : 'warn']({ more: more.map(String) }, `sign-in: ${message}`),
    },
    user: {
      modelName: 'person',
      fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
    },
    account: {
      fields: {
        userId: 'person_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    session: {
      expiresIn: SESSION_LIFETIME_SECONDS,
      updateAge: SESSION_RENEWED_SECONDS,
      additionalFields: { tier: { type: 'string', required: false, input: false } },
    },
    advanced: {
      useSecureCookies: false,
      database: { generateId: () => newId() },
      cookies: { session_token: { name: SESSION_COOKIE } },
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', secure: parts.public_url.startsWith('https:') },
      ipAddress: { disableIpTracking: true },
    },
    plugins: [
      anonymous({
        // The person stays: the trail names it. Its workspace and its sessions are taken from it when it is linked.
        disableDeleteAnonymousUser: true,
        onLinkAccount: ({ anonymousUser, newUser }) => parts.link(anonymousUser.user.id, newUser.user),
        schema: { user: { fields: { isAnonymous: 'is_anonymous' } } },
      }),
      magicLink({
        expiresIn: LINK_LIFETIME_MINUTES * 60,
        storeToken: { type: 'custom-hasher', hash: (token) => Promise.resolve(linkName(token)) },
        sendMagicLink: ({ email, token, metadata }) => {
          const onward: unknown = metadata?.['onward'];
          return parts.sendLink(email, token, typeof onward === 'string' ? onward : '/');
        },
      }),
      bearer(),
    ],
  });
}

/** Under what a waiting link is kept: its token lies in the letter alone. */
function linkName(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

const waitingLink = z.object({ type: z.literal('magic-link'), email: z.string() });

/** The mailbox that a waiting link was sent to, without using it up; undefined: it was used, or is too old. */
export async function mailboxOfLink(auth: BetterAuth, token: string): Promise<string | undefined> {
  const { internalAdapter } = await auth.$context;
  const waiting = await internalAdapter.findVerificationValue(`magic-link:${linkName(token)}`);
  // Its times are shifted to the clock of the system, which better-auth reads: see `expiringBy`.
  if (!waiting || new Date(waiting.expiresAt).getTime() <= systemClock.now().epochMilliseconds) return undefined;
  return waitingLink.parse(JSON.parse(waiting.value)).email;
}

export type BetterAuth = ReturnType<typeof openBetterAuth>;

const types = new pg.TypeOverrides();

/** Our own pool under Kysely. better-auth wants a `Date` where our packages want an instant, so its statements are read in pg's own way. */
function kyselyOn(pool: Pool): Kysely<unknown> {
  const ours = {
    async connect() {
      const connection = await pool.connect();
      return {
        query: (text: string, values: unknown[]) => connection.query({ text, values, types }),
        release: () => connection.release(),
      };
    },
    // The pool is ended by whoever opened it.
    end: () => Promise.resolve(),
  };
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool: ours as unknown as PostgresPool }) }).withSchema('identity');
}
