import { type KeyObject, X509Certificate } from 'node:crypto';

import { Fault, LruCache } from '@purser/core';

/** Amazon uses one certificate for each region at a time, and changes it about once a year. */
const CERTIFICATES_MAX = 16;
const FETCHES_MAX = 4;
const CERTIFICATE_BYTES_MAX = 65_536;
const TIMEOUT_MS = 5_000;
/** The name a certificate of Amazon SNS is issued to, alone or with its region. */
const ISSUED_TO = /^sns(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/u;

interface Certificate {
  readonly key: KeyObject;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/**
 * Certificates that messages of SNS are signed with, fetched once from an address that the caller has judged to be Amazon's. That it is
 * Amazon's server is proven by the TLS connection; what comes from there must be issued to SNS, each certificate of the file by the next.
 */
export class SnsCertificates {
  readonly #known = new LruCache<string, Promise<Certificate | string>>(CERTIFICATES_MAX);
  #fetching = 0;

  /** The key that signed at an address, or why nothing there signs. @throws Fault, retryable, when it cannot be fetched now. */
  async keyOf(address: string, now: Temporal.Instant): Promise<KeyObject | string> {
    let known = this.#known.get(address);
    if (known === undefined) {
      if (this.#fetching >= FETCHES_MAX) throw new Fault('too many certificates of SNS are being fetched', { retryable: true });
      known = this.#fetch(address);
      this.#known.set(address, known);
      // What was not there, or was none, is asked for again with the next message.
      known.then(
        (found) => void (typeof found === 'string' && this.#known.delete(address)),
        () => this.#known.delete(address),
      );
    }
    const found = await known;
    if (typeof found === 'string') return found;
    const within = Temporal.Instant.compare(found.from, now) <= 0 && Temporal.Instant.compare(now, found.to) <= 0;
    return within ? found.key : 'the certificate has expired, or is not valid yet';
  }

  async #fetch(address: string): Promise<Certificate | string> {
    this.#fetching += 1;
    try {
      return certificateIn(await textAt(address));
    } finally {
      this.#fetching -= 1;
    }
  }
}

/** What an address of Amazon's answers, within a bound of time and size; a redirect leads nowhere. @throws Fault, retryable */
export async function textAt(address: string): Promise<string> {
  try {
    const response = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const body: AsyncIterable<Uint8Array> | null = response.body;
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > CERTIFICATE_BYTES_MAX) throw new Error(`it answered more than ${CERTIFICATE_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    const why = cause instanceof Error ? cause.message : message;
    throw new Fault(`${new URL(address).host} cannot be asked: ${why}`, { retryable: true, cause: error });
  }
}

function certificateIn(file: string): Certificate | string {
  const blocks = file.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  let chain: X509Certificate[];
  try {
    chain = blocks.map((block) => new X509Certificate(block));
  } catch {
    return 'the file at the address is no certificate';
  }
  const [own] = chain;
  if (own === undefined) return 'the file at the address is no certificate';
  if (!namesOf(own).some((name) => ISSUED_TO.test(name))) return 'the certificate is not issued to SNS';
  const broken = chain.some((one, index) => {
    const next = chain[index + 1];
    return next !== undefined && !(one.checkIssued(next) && one.verify(next.publicKey));
  });
  if (broken) return 'the certificates of the file are not issued by one another';
  const at = (date: Date): Temporal.Instant => Temporal.Instant.fromEpochMilliseconds(date.getTime());
  return { key: own.publicKey, from: at(own.validFromDate), to: at(own.validToDate) };
}

function namesOf({ subject, subjectAltName = '' }: X509Certificate): string[] {
  const common = /^CN=(.+)$/mu.exec(subject)?.[1] ?? '';
  const others = subjectAltName.split(', ').flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
  return [common, ...others].map((name) => name.trim().toLowerCase());
}
