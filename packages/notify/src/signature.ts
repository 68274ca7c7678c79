import { createHmac, randomBytes } from 'node:crypto';

/**
 * What a webhook carries in `Purser-Signature`, in Stripe's form: `t=<seconds>,v1=<hex>`, the HMAC-SHA-256 under the channel's
 * secret of `<t>.<body>`. A receiver recomputes it and refuses what is more than a few minutes old.
 */
export function signature(secret: string, body: string, at: Temporal.Instant): string {
  const t = Math.floor(at.epochMilliseconds / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64url')}`;
}
