import type { Connection } from '@purser/database';

/** Something that may happen only so often from one source in a stretch of time. */
export interface LimitedAttempt {
  readonly kind: 'start_address' | 'start_device' | 'link_address' | 'link_mailbox' | 'invitations';
  /** A keyed hash: who reads the table learns no address. */
  readonly source: Buffer;
  readonly max: number;
  readonly within: Temporal.Duration;
}

/**
 * Counts one more of each, or of none when one of them is used up: then how many seconds until it is not. Whoever else counts
 * the same sources waits until the transaction ends.
 */
export async function countAttempts(
  connection: Connection,
  occasions: readonly LimitedAttempt[],
  now: Temporal.Instant,
): Promise<{ readonly free_after_seconds: number } | undefined> {
  const sources = occasions.map(({ source }) => source).toSorted((a, b) => a.compare(b));
  for (const source of sources) await connection.query(`select pg_advisory_xact_lock($1)`, [source.readBigInt64LE(0)]);
  const refused = await usedUp(connection, occasions, now);
  if (refused) return refused;
  for (const { kind, source, within } of occasions) {
    await connection.query('insert into identity.occasion (kind, source, happened_at, expires_at) values ($1, $2, $3, $4)', [
      kind,
      source,
      now.toString(),
      now.add(within).toString(),
    ]);
  }
  await connection.query(
    'delete from identity.occasion where ctid = any(array(select ctid from identity.occasion where expires_at <= $1 limit 100))',
    [now.toString()],
  );
  return undefined;
}

/** Whether one of them is used up, without counting. */
export async function usedUp(
  connection: Pick<Connection, 'query'>,
  occasions: readonly LimitedAttempt[],
  now: Temporal.Instant,
): Promise<{ readonly free_after_seconds: number } | undefined> {
  for (const { kind, source, max } of occasions) {
    const { rows } = await connection.query<{ happened: bigint; frees_at: Temporal.Instant | null }>(
      'select count(*) as happened, min(expires_at) as frees_at from identity.occasion where source = $1 and kind = $2 and expires_at > $3',
      [source, kind, now.toString()],
    );
    const { happened = 0n, frees_at = null } = rows[0] ?? {};
    if (happened < BigInt(max)) continue;
    return { free_after_seconds: frees_at === null ? 3600 : Math.max(1, Math.ceil(frees_at.since(now).total('seconds'))) };
  }
  return undefined;
}
