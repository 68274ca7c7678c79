import { Fault, isRefusal, ownPath, type Refusal, refuse } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import type { Log } from '@purser/log';
import type { Mail } from '@purser/mail';

import { hashSecret } from '../secret.ts';
import { addressBlock } from './address-block.ts';
import type { BetterAuth } from './better-auth.ts';
import { keyedHash } from './shared-secret.ts';
import { countAttempts } from './limited-attempts.ts';
import type { Person } from './person.ts';
import type { PersonSessions } from './person-sessions.ts';
import type { SealedStorage } from './sealed-storage.ts';
import { type Origin, type PersonalParts, refuseStart, startPersonalWorkspace } from './personal-workspace.ts';
import { LINK_LIFETIME_MINUTES, SESSION_COOKIE } from './session-terms.ts';

/** A session that was opened: its token, and the cookies that carry it. */
export interface SignedIn {
  readonly token: string;
  readonly set_cookies: readonly string[];
}

/** What a browser or another client shows of the session it has. */
export interface Presented {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
}

export interface SignInParts extends PersonalParts {
  readonly pool: Pool;
  readonly auth: () => Promise<BetterAuth>;
  readonly persons: PersonSessions;
  readonly storage: SealedStorage;
  readonly public_url: string;
  readonly log: Log;
  /** Undefined: no letter can leave, so nobody signs in by one. */
  readonly mail: Mail | undefined;
}

const AN_HOUR = Temporal.Duration.from({ hours: 1 });
const LINKS_PER_MAILBOX = 5;
const LINKS_PER_ADDRESS = 30;
const NO_MAIL = refuse('not_configured', 'signing in by email is off here until the operator sets SMTP_URL');
const NO_LINK = refuse('unauthenticated', 'the link was used already or has expired; ask for a new link');
const NOT_OURS = refuse('invalid_request', 'callbackURL wants a path on this site, such as /studio');

/** A session with a workspace of its own and nothing known about who it is. Refuses `limit_reached`, `forbidden` (no plan is free). */
export async function signInAnonymously(
  parts: SignInParts,
  origin: Origin,
  timezone: string | undefined,
): Promise<SignedIn | Refusal> {
  const refused = await refuseStart(parts, origin);
  if (refused) return refused;
  const signedIn = await ask(parts, '/sign-in/anonymous', { body: {} });
  if (isRefusal(signedIn)) return signedIn;
  const started = await settle(parts, signedIn, 'anonymous', origin, timezone);
  if (!isRefusal(started)) return signedIn;
  await parts.persons.end(signedIn.token, hashSecret(signedIn.token));
  return started;
}

/**
 * Sends a link to a mailbox, whoever it belongs to: the answer tells nobody whether it is known here. What an anonymous `asker`
 * has goes over to that mailbox when the link is opened in its session, and to no other: a link that somebody else asked for,
 * sent to whoever is to open it, takes nothing from them.
 */
export async function requestLink(
  parts: SignInParts,
  email: string,
  address: string,
  callback: string | undefined,
  asker: Pick<Person, 'id' | 'email'> | undefined,
): Promise<true | Refusal> {
  if (parts.mail === undefined) return NO_MAIL;
  const onward = ownPath(callback ?? '/', parts.public_url);
  if (onward === undefined) return NOT_OURS;
  const { naming } = parts;
  const used = await transaction(parts.pool, (connection) =>
    countAttempts(
      connection,
      [
        {
          kind: 'link_mailbox',
          source: keyedHash(naming, `mailbox ${email.toLowerCase()}`),
          max: LINKS_PER_MAILBOX,
          within: AN_HOUR,
        },
        {
          kind: 'link_address',
          source: keyedHash(naming, `address ${addressBlock(address)}`),
          max: LINKS_PER_ADDRESS,
          within: AN_HOUR,
        },
      ],
      parts.clock.now(),
    ),
  );
  if (used) {
    return refuse('rate_limited', 'too many links were requested; use the last one, or wait', {
      retryAfterSeconds: used.free_after_seconds,
    });
  }
  if (asker?.email === null) await parts.storage.set(askedName(asker.id, email), '1', LINK_LIFETIME_MINUTES * 60);
  const sent = await ask(parts, '/sign-in/magic-link', { body: { email, metadata: { onward } } });
  return isRefusal(sent) ? sent : true;
}

/** The mailbox that a link was sent to. Looking uses nothing up. Refuses `unauthenticated`: it was used, or is too old. */
export async function mailboxOf(parts: SignInParts, token: string): Promise<string | Refusal> {
  const { mailboxOfLink } = await import('./better-auth.ts');
  return (await mailboxOfLink(await parts.auth(), token)) ?? NO_LINK;
}

/**
 * Opens the session of the mailbox a link was sent to. What the session that is presented has, if it is an anonymous one, becomes
 * the person's. Refuses `unauthenticated` (used, or too old).
 */
export async function takeLink(
  parts: SignInParts,
  token: string,
  presented: Presented,
  origin: Origin,
): Promise<SignedIn | Refusal> {
  const query = new URLSearchParams({ token });
  const signedIn = await ask(parts, `/magic-link/verify?${query.toString()}`, { presented });
  if (isRefusal(signedIn)) return signedIn;
  if (signedIn.token === '') return NO_LINK;
  const started = await settle(parts, signedIn, 'proven', origin, undefined);
  return isRefusal(started) ? started : signedIn;
}

/** Makes a session that is in use last longer: the cookies to set, none when that is not due. */
export async function renew(parts: SignInParts, presented: Presented): Promise<readonly string[]> {
  const answer = await (await parts.auth()).handler(requestOf(parts, '/get-session', { presented }));
  return answer.ok ? answer.headers.getSetCookie() : [];
}

/** Whoever signs in has a workspace to work in. */
async function settle(
  parts: SignInParts,
  { token }: SignedIn,
  start: 'anonymous' | 'proven',
  origin: Origin,
  timezone: string | undefined,
): Promise<Refusal | undefined> {
  const open = await parts.persons.find(token, hashSecret(token));
  if (open === undefined) throw new Fault('the session that was just opened is not there', { retryable: true });
  if (open.person.memberships.size > 0) return undefined;
  const workspace = await startPersonalWorkspace(parts, open.person.id, start, origin, timezone);
  parts.persons.forget(open.person.id);
  return isRefusal(workspace) ? workspace : undefined;
}

interface Asked {
  readonly body?: object;
  readonly presented?: Presented;
}

async function ask(parts: SignInParts, path: string, asked: Asked): Promise<SignedIn | Refusal> {
  const answer = await (await parts.auth()).handler(requestOf(parts, path, asked));
  if (answer.status >= 500)
    throw new Fault('signing in did not work; try again', { retryable: true, cause: await answer.text() });
  if (answer.status >= 400) return refuse('invalid_request', await sentenceOf(answer));
  const set_cookies = answer.headers.getSetCookie();
  const token = set_cookies.map((cookie) => TOKEN.exec(cookie)?.[1]).find((found) => found !== undefined) ?? '';
  return { token, set_cookies };
}

/** What is remembered of an anonymous session that asked for a link to a mailbox. */
export function askedName(anonymous_id: string, email: string): string {
  return `asked ${anonymous_id} ${email.toLowerCase()}`;
}

const TOKEN = new RegExp(`^${SESSION_COOKIE}=([A-Za-z0-9]{32})\\.`);

/** As from our own page: where a request really comes from is checked at the door, before it gets here. */
function requestOf({ public_url }: SignInParts, path: string, { body, presented }: Asked): Request {
  const headers = new Headers({ origin: new URL(public_url).origin });
  if (presented?.authorization !== undefined) headers.set('authorization', presented.authorization);
  else if (presented?.cookie !== undefined) headers.set('cookie', presented.cookie);
  if (body !== undefined) headers.set('content-type', 'application/json');
  return new Request(`${new URL(public_url).origin}/api/auth${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function sentenceOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : 'signing in was not possible';
  } catch {
    return 'signing in was not possible';
  }
}

interface Origins {
  readonly public_url: string;
  readonly web_url?: string | undefined;
}

/**
 * The address in an email: where it redirects to was judged when it was asked for, and is again when it is opened. A web client that is
 * served from elsewhere has a page of its own for it, and gets the token behind `#`: browsers send that part to no server, so the token
 * is in no log of the host that serves the page.
 */
export function linkAddress({ public_url, web_url }: Origins, token: string, onward: string): string {
  const query = new URLSearchParams({ token, callbackURL: onward });
  return web_url === undefined
    ? `${new URL(public_url).origin}/api/auth/magic-link/verify?${query.toString()}`
    : `${web_url}/sign-in/link#${query.toString()}`;
}

/** What a link's letter says. */
export function linkEmail(to: string, url: string): { readonly to: string; readonly subject: string; readonly text: string } {
  return {
    to,
    subject: 'Your sign-in link',
    text: `Open this link within ${LINK_LIFETIME_MINUTES} minutes, in the browser where you asked for it, and press “Sign in”:\n\n${url}\n\nIf you did not ask for it, ignore this e-mail.\n`,
  };
}
