import type { Pool } from '@purser/database';

/** Notes that are only a dash have no meaning. */
export async function sweepNotes(pool: Pool): Promise<void> {
  await pool.query(`delete from notes.note where text = '-'`);
}
