import { createHmac, timingSafeEqual } from 'node:crypto';

const ID_BYTES = 16;
const MAC_BYTES = 16;

/** Names a recipient and nothing else; nobody can make one for another without the campaign's key. 43 characters for a URL. */
export function unsubscribeToken(recipient_id: string, link_key: Buffer): string {
  const id = Buffer.from(recipient_id.replaceAll('-', ''), 'hex');
  return Buffer.concat([id, macOf(id, link_key)]).toString('base64url');
}

/** Which recipient a token names, before anybody has looked whether it is genuine; undefined: it is none. */
export function recipientOfToken(token: string): string | undefined {
  if (!/^[\w-]{43}$/u.test(token)) return undefined;
  const hex = Buffer.from(token, 'base64url')
    .toString('hex')
    .slice(0, ID_BYTES * 2);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}

export function isGenuine(token: string, link_key: Buffer): boolean {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== ID_BYTES + MAC_BYTES) return false;
  return timingSafeEqual(bytes.subarray(ID_BYTES), macOf(bytes.subarray(0, ID_BYTES), link_key));
}

function macOf(id: Buffer, link_key: Buffer): Buffer {
  return createHmac('sha256', link_key).update('unsubscribe').update(id).digest().subarray(0, MAC_BYTES);
}
