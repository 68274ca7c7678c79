import { DEVICE_WITHIN, type Origin } from '@purser/identity';
import type { FastifyRequest } from 'fastify';

const DEVICE_COOKIE = 'purser_device';
const LIFETIME_SECONDS = DEVICE_WITHIN.total('seconds');

/** From where a person starts, and the cookie by which its device is known again: it opens nothing, it only counts free starts. */
export function deviceOf(request: FastifyRequest): { readonly origin: Origin; readonly set_cookie: string } {
  const known = new RegExp(`(?:^|; *)${DEVICE_COOKIE}=([0-9a-f-]{36})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1];
  const device = known ?? crypto.randomUUID();
  const secure = request.client.protocol === 'https' ? '; Secure' : '';
  return {
    origin: { address: request.client.address, device },
    set_cookie: `${DEVICE_COOKIE}=${device}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${LIFETIME_SECONDS}${secure}`,
  };
}
