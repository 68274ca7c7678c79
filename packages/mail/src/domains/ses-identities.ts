import type * as Sdk from '@aws-sdk/client-sesv2';
import { Fault } from '@purser/core';

export interface IdentityOptions {
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly endpoint?: string;
}

/** A domain as SES knows it. */
export interface DomainIdentity {
  /** Each is the first label of a CNAME by which SES signs for the domain. */
  readonly dkim_tokens: readonly string[];
  /** SES has found them, and sends for the domain. */
  readonly verified: boolean;
}

/** Domains that an account with SES sends for. */
export interface DomainIdentities {
  /** Makes the domain known to SES unless it is. @throws Fault, retryable, when SES is away or does not let us. */
  ensure(domain: string): Promise<DomainIdentity>;
}

const TIMEOUT_MS = 10_000;

/** The client is loaded with the first question. */
export function sesIdentities({ region, access_key_id, secret_access_key, endpoint }: IdentityOptions): DomainIdentities {
  let opened: Promise<{ client: Sdk.SESv2Client; sdk: typeof Sdk }> | undefined;
  const connect = async () => {
    const sdk = await import('@aws-sdk/client-sesv2');
    const client = new sdk.SESv2Client({
      region,
      credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key },
      maxAttempts: 2,
      requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, throwOnRequestTimeout: true },
      ...(endpoint !== undefined && { endpoint }),
    });
    return { client, sdk };
  };
  return {
    async ensure(domain) {
      const { client, sdk } = await (opened ??= connect());
      try {
        return identityOf(await client.send(new sdk.GetEmailIdentityCommand({ EmailIdentity: domain })));
      } catch (error) {
        if (!(error instanceof sdk.NotFoundException)) throw away(error);
      }
      try {
        return identityOf(await client.send(new sdk.CreateEmailIdentityCommand({ EmailIdentity: domain })));
      } catch (error) {
        // Somebody else made it in between; the next question finds it.
        throw away(error);
      }
    },
  };
}

function identityOf({
  DkimAttributes,
  VerifiedForSendingStatus = false,
}: Pick<Sdk.GetEmailIdentityCommandOutput, 'DkimAttributes' | 'VerifiedForSendingStatus'>): DomainIdentity {
  return { dkim_tokens: DkimAttributes?.Tokens ?? [], verified: VerifiedForSendingStatus };
}

function away(error: unknown): Fault {
  const { name = 'Error', message = '' } = (error ?? {}) as { readonly name?: string; readonly message?: string };
  return new Fault(`SES does not answer for its identities: ${name}: ${message}`, { retryable: true, cause: error });
}
