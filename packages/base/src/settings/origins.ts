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
  'an address without path, query or name, like https://purser.example: Purser has a host of its own, served from its root';

/** Where the world finds this installation. */
export function site() {
  return z.string().transform((given, context) => {
    const origin = originIn(given.trim());
    if (origin !== undefined) return origin;
    context.addIssue({ code: 'custom', message: refusal(given, SITE) });
    return z.NEVER;
  });
}
