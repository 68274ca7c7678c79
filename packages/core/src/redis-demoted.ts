/**
 * Whether a Redis says that it takes no writes any more. After a fail-over the old primary may live on and keep its connections open:
 * only a new connection, to the same name, finds the new one.
 */
export function wasDemoted({ message }: Error): boolean {
  return /\b(?:READONLY|MASTERDOWN)\b/.test(message);
}
