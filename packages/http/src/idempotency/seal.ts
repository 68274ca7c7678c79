import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals text so that only who presents the same credential and idempotency key opens it (AES-256-GCM under HKDF-SHA256):
 * a stored answer that contains a fresh key is worth nothing to whoever reads the database.
 */
export function seal(text: string, credential: string, key: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(credential, key), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** @throws Error when the credential or the key is another one, or the bytes were changed. */
export function unseal(sealed: Buffer, credential: string, key: string): string {
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(credential, key), sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

function sealingKey(credential: string, key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', credential, key, 'purser sealed answer', 32));
}
