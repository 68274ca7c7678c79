import { createHash } from 'node:crypto';

import { isRefusal, type Refusal, RefusalError, refuse } from '@purser/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { BeforeParsing } from './json-body.ts';

export const MULTIPART = 'multipart/form-data';

/** More parts than any request needs; each costs a little to make. */
const PARTS_MAX = 64;
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^";\s]{1,70}))/iu;

/**
 * Forms with files, for the routes that take uploads: a text part is a string, a file part a `File`, and parts whose name ends in `[]` are a
 * list under the name before it. What makes two bodies the same is what is in the parts, not the boundary between them, which clients make
 * up anew each time.
 */
export function readMultipartBodies(app: FastifyInstance, beforeParsing: BeforeParsing): void {
  app.addContentTypeParser(MULTIPART, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    const type = request.headers['content-type'] ?? '';
    const boundary = boundaryOf(type);
    if (boundary === undefined) throw wrong('its content-type names no boundary');
    const parts = partsIn(body, boundary);
    if (parts > PARTS_MAX) throw wrong(`it has ${parts} parts; want ${PARTS_MAX} at most`);
    const refused = await beforeParsing(request, userIn(body));
    if (refused !== undefined && isRefusal(refused)) throw new RefusalError(refused);
    const form = await parsed(body, type);
    if (request.headers['idempotency-key'] !== undefined) request.body_sha256 = await digest(form);
    return membersOf(form);
  });
}

function boundaryOf(type: string): string | undefined {
  const [, quoted, plain] = BOUNDARY.exec(type) ?? [];
  return quoted ?? plain;
}

/** Counted up to one too many, in one look over the bytes. */
function partsIn(body: Buffer, boundary: string): number {
  const delimiter = Buffer.from(`--${boundary}\r\n`);
  let parts = 0;
  for (let at = body.indexOf(delimiter); at !== -1 && parts <= PARTS_MAX; at = body.indexOf(delimiter, at + delimiter.length))
    parts += 1;
  return parts;
}

const USER = Buffer.from('name="user"\r\n\r\n');
const USER_BYTES_MAX = 1_024;

/** The end user that the form names, read before anything is made of it. */
function userIn(body: Buffer): string | undefined {
  const at = body.indexOf(USER);
  if (at === -1) return undefined;
  const value = body.subarray(at + USER.length, at + USER.length + USER_BYTES_MAX);
  const end = value.indexOf('\r\n');
  return end <= 0 ? undefined : value.toString('utf8', 0, end);
}

async function parsed(body: Buffer, type: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  } catch (error) {
    throw wrong('it is not complete', error);
  }
}

function membersOf(form: FormData): Readonly<Record<string, unknown>> {
  const members = new Map<string, unknown>();
  for (const [key, value] of form) {
    const list = key.endsWith('[]');
    const name = list ? key.slice(0, -2) : key;
    const before = members.get(name);
    if (before === undefined) members.set(name, list ? [value] : value);
    else if (list && Array.isArray(before)) before.push(value);
    else throw wrong(`"${name.slice(0, 60)}" is in it twice; want "${name.slice(0, 60)}[]" for each of several`);
  }
  return Object.fromEntries(members);
}

async function digest(form: FormData): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, value] of form) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(await value.arrayBuffer());
    hash.update(`${JSON.stringify([name, typeof value === 'string' ? null : value.type, bytes.length])}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function wrong(why: string, cause?: unknown): RefusalError {
  const refusal: Refusal = refuse('invalid_request', `the form cannot be read: ${why}`);
  return Object.assign(new RefusalError(refusal), cause === undefined ? {} : { cause });
}
