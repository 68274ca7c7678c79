import { PassThrough, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { RefusalError, refuse } from '@purser/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { MULTIPART } from './multipart-body.ts';
import { openAiErrors, problems } from './responses.ts';
import type { App } from './types.ts';

/** By the name in `content-encoding`; all read as a stream, with no more memory than their output was asked for. */
const UNPACKING: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};
const ENCODINGS = 'gzip, deflate, br';
const BODIES = ['application/json', 'text/csv'];
const CHARSET = /;\s*charset\s*=\s*"?([^;"\s]*)/i;
const UTF_8 = /^(?:utf-?8|us-ascii)$/i;
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Bodies that come packed are unpacked while they are read, and end where the route's limit is passed, whatever they would come to. What
 * cannot be read is refused by its name, with what can: that is the program's doing, and no mistake of its user.
 */
export function unpackBodies(app: App): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (WITHOUT_BODY.has(request.method)) return done(null, payload);
    const unreadable = unreadableType(request);
    if (unreadable !== undefined) return done(unsupported(unreadable));
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (encoding === '' || encoding === 'identity') return done(null, payload);
    const unpack = Object.hasOwn(UNPACKING, encoding) ? UNPACKING[encoding] : undefined;
    if (unpack === undefined) {
      reply.header('accept-encoding', ENCODINGS);
      return done(unsupported(`content-encoding: got ${shown(encoding)}, want one of ${ENCODINGS}, or none`));
    }
    return done(null, unpacked(payload, unpack(), encoding, reply));
  });
  // Any route that takes a body may refuse its kind.
  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat();
    const answers = route.schema?.response;
    if (methods.every((method) => WITHOUT_BODY.has(method)) || typeof answers !== 'object' || answers === null) return;
    Object.assign(answers, (route.url.startsWith('/v1/') ? openAiErrors : problems)(415));
  });
}

function unpacked(
  packed: NodeJS.ReadableStream,
  unpack: Transform,
  encoding: string,
  reply: FastifyReply,
): PassThrough & { receivedEncodedLength: number } {
  // The framework compares it with the content-length.
  const body = Object.assign(new PassThrough(), { receivedEncodedLength: 0 });
  // Bytes may prove unreadable before a route has begun to read: whoever reads then meets it, and nobody else does.
  body.on('error', () => {});
  packed.on('data', (bytes: Buffer) => (body.receivedEncodedLength += bytes.length));
  unpack.once('error', () => {
    packed.unpipe(unpack);
    body.destroy(unsupported(`the body does not match its content-encoding: got bytes that are not complete ${encoding}`));
  });
  packed.pipe(unpack).pipe(body);
  // What is refused half read, or never read, is let go of.
  reply.raw.once('close', () => {
    packed.unpipe(unpack);
    packed.resume();
    unpack.destroy();
    body.destroy();
  });
  return body;
}

/** Types as clients write them that were found readable, by the part of the server that reads them: they are few. */
const readable = new WeakMap<FastifyRequest['server'], Set<string>>();
const READABLE_MAX = 16;

function unreadableType({ headers, server, routeOptions }: FastifyRequest): string | undefined {
  const given = headers['content-type'];
  if (given === undefined) return undefined;
  const uploads = routeOptions.config.uploads === true;
  // A form is another way to say things, so it is taken where files are, and there nothing else is.
  const type = given.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (uploads !== isForm(given)) return `content-type: got ${shown(type)}, want ${uploads ? MULTIPART : taken(server)}`;
  if (uploads) return undefined;
  let known = readable.get(server);
  if (known === undefined) readable.set(server, (known = new Set()));
  if (known.has(given)) return undefined;
  if (!server.hasContentTypeParser(type)) return `content-type: got ${shown(type)}, want ${taken(server)}`;
  const charset = CHARSET.exec(given)?.[1];
  if (charset !== undefined && !UTF_8.test(charset)) return `charset: got ${shown(charset)}, want utf-8`;
  if (known.size < READABLE_MAX) known.add(given);
  return undefined;
}

function isForm(type: string): boolean {
  return type.slice(0, MULTIPART.length).toLowerCase() === MULTIPART;
}

/** What the routes of this part of the server take. */
function taken(server: FastifyRequest['server']): string {
  const types = BODIES.filter((type) => server.hasContentTypeParser(type));
  return types.length === 0 ? 'no body' : types.join(' or ');
}

function unsupported(detail: string): RefusalError {
  return new RefusalError(refuse('unsupported_media_type', detail));
}

function shown(given: string): string {
  return JSON.stringify(given.slice(0, 60));
}
