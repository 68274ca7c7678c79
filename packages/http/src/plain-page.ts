import { createHash } from 'node:crypto';

import type { Problem } from '@purser/api';
import type { FastifyReply } from 'fastify';

/** A page that the server writes itself: it works without scripts, and before anybody is signed in. */
export interface PlainPage {
  readonly title: string;
  /** Written as HTML by us; what comes from elsewhere in it went through `escaped`. */
  readonly body: string;
}

const STYLE = `
:root { color-scheme: light dark; --sea: light-dark(#e6ecef, #07121b); --deck: light-dark(#fbfcfd, #0e1d29);
  --rule: light-dark(#d3dce1, #213544); --ink: light-dark(#0a1c2b, #ecf2f6); --ink-soft: light-dark(#3b4f5e, #b3c3cf);
  --store: light-dark(#14405f, #7fb8e6); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1.25rem; background: var(--sea);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 28rem; padding: 2rem 1.5rem; border: 1px solid var(--rule); border-radius: 0.75rem;
  background: var(--deck); }
.name { margin: 0; font-weight: 700; color: var(--ink-soft); }
h1 { margin: 0.25rem 0 0.75rem; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; text-wrap: balance; }
p { margin: 0 0 1.25rem; color: var(--ink-soft); overflow-wrap: anywhere; }
p:last-child { margin-bottom: 0; }
button { width: 100%; min-height: 3rem; margin-bottom: 1.25rem; border: 0; border-radius: 0.375rem; background: #ffc72c;
  color: #0a1c2b; font: inherit; font-weight: 700; cursor: pointer; }
a { color: var(--store); }
:focus-visible { outline: 3px solid light-dark(#0b6bd3, #ffc72c); outline-offset: 2px; }
`;

/** Nothing but its own style is loaded or run, and its form goes to us alone. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function sendPage(reply: FastifyReply, status: number, { title, body }: PlainPage): FastifyReply {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="/mark.svg">
<title>${escaped(title)} · Purser</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="name">Purser</p>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`;
  return reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      // To ourselves the whole address is told, so that a browser says of the form where it comes from; to others nothing.
      'referrer-policy': 'same-origin',
    })
    .serializer(String)
    .send(html);
}

/** What went wrong, for somebody who looks at a page. */
export function problemPage({ title, detail }: Pick<Problem, 'title' | 'detail'>): PlainPage {
  return {
    title,
    body: `<p>${escaped(sentence(detail ?? 'Try again in a moment'))}</p>\n<p><a href="/">To the start page</a></p>`,
  };
}

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
