import { z } from 'zod';

import { wrong, wrongSecret } from './kinds.ts';

/** An address that is a site and nothing more, as browsers write its origin: `https://xn--mnchen-3ya.example`. */
function originIn(given: string): string | undefined {
  if (!/^https?:\/\/[^\s\\]+$/i.test(given) || !URL.canParse(given)) return undefined;
  const { origin, href } = new URL(given);
  return href === `${origin}/` ? origin : undefined;
}

/** What could be a password is not shown. */
function refusal(given: string, want: string): string {
  return given.includes('@') ? wrongSecret(want) : wrong(given, want);
}

const SITE =
  'an address without path, query or name, like https://purser.example: Purser needs its own host and serves from its root';

/** Where the world finds this installation. */
export function site() {
  return z.string().transform((given, context) => {
    const origin = originIn(given.trim());
    if (origin !== undefined) return origin;
    context.addIssue({ code: 'custom', message: refusal(given, SITE) });
    return z.NEVER;
  });
}

const ORIGINS_MAX = 100;
const ORIGIN = 'origins of your apps with commas between, each https://host or, on this machine, http://localhost:port; no *';

/** Which browser apps of other origins may call. */
export function origins() {
  return z.string().transform((given, context): readonly string[] => {
    const found = given.split(',').map((part) => allowable(part.trim()));
    const known = found.filter((origin) => origin !== undefined);
    if (known.length === found.length && found.length <= ORIGINS_MAX) return [...new Set(known)];
    context.addIssue({ code: 'custom', message: refusal(given, ORIGIN) });
    return z.NEVER;
  });
}

/** Where the web client is, when it is served from elsewhere. */
export function webClient() {
  return z.string().transform((given, context) => {
    const origin = allowable(given.trim());
    if (origin !== undefined) return origin;
    context.addIssue({
      code: 'custom',
      message: refusal(given, 'the origin of the web client, https://host or, on this machine, http://localhost:port'),
    });
    return z.NEVER;
  });
}

/** Over plain http anybody on the way can be the app, but not on one's own machine. */
function allowable(given: string): string | undefined {
  const origin = originIn(given);
  if (origin === undefined || origin.includes('*')) return undefined;
  return origin.startsWith('https:') || /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(origin)
    ? origin
    : undefined;
}
