import { type Pool, transaction } from '@purser/database';

/**
 * To be called at start, after the migrations and before anything is written. The order of books and trail is that of the
 * database's transactions; a dump restored into another cluster meets a lower counter there, which this lifts.
 * Returns whether it did.
 */
export async function adoptRestoredDatabase(pool: Pool): Promise<boolean> {
  return transaction(pool, async (connection) => {
    const { rows } = await connection.query<{ adopted: boolean }>('select audit.adopt_restored() as adopted');
    return rows[0]?.adopted === true;
  });
}
