import { hash, randomBytes } from 'node:crypto';

/** What a secret opens, told by how it begins, so that one that leaks is recognised for what it is. */
export type SecretKind = 'workspace' | 'platform' | 'session';

const BEGINNINGS: Record<SecretKind, string> = { workspace: 'purser_ws_', platform: 'purser_pf_', session: 'purser_se_' };
const KINDS: Readonly<Record<string, SecretKind>> = { ws: 'workspace', pf: 'platform', se: 'session' };
const SECRET_BYTES = 32;
const SECRET = /^purser_(ws|pf|se)_[A-Za-z0-9_-]{43}$/;
const SHOWN_CHARS = 'purser_ws_'.length + 4;

/** SHA-256 of a secret, one character a byte: small and quick as the key of a map. */
export type SecretHash = string & { readonly secretHash: true };

/** 256 random bits behind a beginning that names the kind. Shown once; only its hash is kept. */
export function newSecret(kind: SecretKind): string {
  return BEGINNINGS[kind] + randomBytes(SECRET_BYTES).toString('base64url');
}

export function hashSecret(secret: string): SecretHash {
  return hash('sha256', secret, 'latin1') as SecretHash;
}

/** Undefined for anything that is not one of our secrets in form. */
export function secretKind(secret: string): SecretKind | undefined {
  return KINDS[SECRET.exec(secret)?.[1] ?? ''];
}

/** Enough of a secret to tell one from another in a list, and nothing to guess the rest by. */
export function shownPrefix(secret: string): string {
  return secret.slice(0, SHOWN_CHARS);
}

export function hashBytes(hashed: SecretHash): Buffer {
  return Buffer.from(hashed, 'latin1');
}

export function hashFromHex(hex: string): SecretHash {
  return Buffer.from(hex, 'hex').toString('latin1') as SecretHash;
}
