import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { derivedKey, keyedHash } from './shared-secret.ts';
import type { EntryStore } from './entry-store.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Entries of better-auth that name no lifetime: none of ours, so a day is plenty. */
const LIFETIME_SECONDS = 86_400;

/** A session's own name (a person's token, or a key session's), never given out again: what ends it ends it for good. */
const SESSION = /^([A-Za-z0-9]{32}|key session [0-9a-f]{64})$/;

/** The secondary storage of better-auth, which keeps session tokens as they are: here a reader of the store learns none of them. */
export interface SealedStorage {
  get(key: string): Promise<string | null>;
  getAndDelete(key: string): Promise<string | null>;
  /** `about`: whom it is about; `endAbout` ends it. */
  set(key: string, value: string, ttl_seconds?: number, about?: readonly string[]): Promise<void>;
  /** Sets what is there already, and nothing else. */
  replace(key: string, value: string, ttl_seconds: number): Promise<void>;
  delete(key: string): Promise<void>;
  endAbout(about: string): Promise<void>;
  increment(): Promise<number>;
}

export function sealedStorage(store: EntryStore, secret: Buffer): SealedStorage {
  const naming = derivedKey(secret, 'entry names');
  const sealing = derivedKey(secret, 'entries');
  const nameOf = (key: string): Buffer => keyedHash(naming, key);
  return {
    get: async (key) => unseal(sealing, nameOf(key), await store.get(nameOf(key))),
    getAndDelete: async (key) => unseal(sealing, nameOf(key), await store.take(nameOf(key))),
    set: (key, value, ttl_seconds = LIFETIME_SECONDS, about = []) =>
      store.put(
        nameOf(key),
        seal(sealing, nameOf(key), value),
        ttl_seconds * 1000,
        about.map((one) => nameOf(`about ${one}`)),
      ),
    replace: (key, value, ttl_seconds) => store.replace(nameOf(key), seal(sealing, nameOf(key), value), ttl_seconds * 1000),
    delete: (key) => (SESSION.test(key) ? store.end(nameOf(key)) : store.remove(nameOf(key))),
    endAbout: (about) => store.endAbout(nameOf(`about ${about}`)),
    // Only its rate limiter counts, and that is off: what is bounded is bounded in Postgres.
    increment: () => Promise.reject(new Error('nothing is counted in the store of sessions')),
  };
}

function seal(key: Buffer, name: Buffer, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(name);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** Null for what was not sealed here under this name: nobody's session. */
function unseal(key: Buffer, name: Buffer, entry: Buffer | undefined): string | null {
  if (entry === undefined || entry.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, entry.subarray(0, NONCE_BYTES)).setAAD(name);
  decipher.setAuthTag(entry.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(entry.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
