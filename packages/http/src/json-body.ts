import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';

import { inBackground, isRefusal, type Refusal, RefusalError, refuse } from '@purser/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { scanJson } from './json-scan.ts';

/** Asked when the bytes of a body are there and nothing has been made of them; `user` is the one the body names. */
export type BeforeParsing = (
  request: FastifyRequest,
  user: string | undefined,
) => Refusal | undefined | Promise<Refusal | undefined>;

/** Read as if it were, every byte that is none would become U+FFFD in silence. */
const NOT_UTF8 = 'the body is not UTF-8; want JSON in UTF-8';

/**
 * JSON is the one content type, and its bytes are hashed when an idempotency key came with them:
 * "the same body" means the same bytes, not what a parser made of them. What a body would take to parse is bounded by one look over
 * its bytes, and whoever may not call now is refused before it is parsed.
 */
export function readJsonBodies(app: FastifyInstance, beforeParsing: BeforeParsing): void {
  const parse = app.getDefaultJsonParser('error', 'ignore');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done) => {
    if (request.headers['idempotency-key'] !== undefined) {
      request.body_sha256 = createHash('sha256').update(body).digest('hex');
    }
    const scanned = scanJson(body);
    const refused = beforeParsing(request, isRefusal(scanned) ? undefined : scanned.user);
    const go = (refusal: Refusal | undefined): void => {
      const final = refusal ?? (isRefusal(scanned) ? scanned : isUtf8(body) ? undefined : refuse('invalid_request', NOT_UTF8));
      if (final === undefined) parseText(request, body.toString('utf8'), done);
      else done(new RefusalError(final));
    };
    if (refused instanceof Promise)
      inBackground(refused.then(go), (error) => done(error instanceof Error ? error : new Error(String(error))));
    else go(refused);
  });

  function parseText(request: FastifyRequest, text: string, done: (error: Error | null, body?: unknown) => void): void {
    const parsing = parse(request, text, (error, parsed) => {
      if (error !== null && text.length > 0) done(new RefusalError(refuse('invalid_request', mistakeIn(text))));
      else if (error === null && text.includes(String.raw`\u`)) done(unkeepable(parsed), parsed);
      else done(error, parsed);
    });
    if (parsing) inBackground(parsing, (error) => done(error instanceof Error ? error : new Error(String(error))));
  }
}

/** Only an escape can make what no database keeps as text: U+0000, and half of a surrogate pair. */
function unkeepable(parsed: unknown): RefusalError | null {
  const place = placeOf(parsed, '');
  if (place === undefined) return null;
  const where = place === '' ? 'the body' : `"${place}"`;
  return new RefusalError(
    refuse('invalid_request', `${where} contains U+0000 or half of a surrogate pair, which is not allowed`),
  );
}

function placeOf(value: unknown, at: string): string | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? at : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const below = at === '' ? name : `${at}.${name}`;
    const place = placeOf(name, at) ?? placeOf(member, below);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Where the JSON goes wrong, in the parser's words but for the excerpt of the body it may carry. */
function mistakeIn(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    const at = error instanceof Error ? /at position \d+(?: \(line \d+ column \d+\))?/.exec(error.message)?.[0] : undefined;
    return `the body is not valid JSON${at === undefined ? '' : `: the error is ${at}`}`;
  }
  return 'the body has a member named "__proto__", which no request needs';
}
