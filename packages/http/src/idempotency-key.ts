import { RefusalError, refuse } from '@purser/core';
import type { FastifyRequest } from 'fastify';

const KEY_CHARS_MAX = 255;

/** The `Idempotency-Key` of a request with the hash of its body, or nothing. @throws RefusalError when the key is unusable. */
export function idempotencyOf(request: FastifyRequest): { readonly key: string; readonly request_hash: string } | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_CHARS_MAX) {
    throw new RefusalError(refuse('invalid_request', `want one Idempotency-Key of 1 to ${KEY_CHARS_MAX} characters`));
  }
  return { key, request_hash: request.body_sha256 ?? '' };
}
