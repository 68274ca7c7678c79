import { createHmac } from 'node:crypto';

/** The header `Stripe-Signature`: when it was signed, and an HMAC-SHA256 of that and the body. */
export function signatureOf(body: string, secret: string, at_seconds: number): string {
  const digest = createHmac('sha256', secret).update(`${at_seconds}.${body}`).digest('hex');
  return `t=${at_seconds},v1=${digest}`;
}
