import { workspaceTransaction } from '@purser/database';
import { JobFailure, type RunningJob } from '@purser/jobs';

import type { NotesDeps } from './deps.ts';

/** Changes one note after the other; run again, it finds nothing left of what it has changed. */
export async function rewriteNotes(
  { pool }: NotesDeps,
  { workspace, payload, progress }: RunningJob<{ readonly word: string; readonly by: string }>,
): Promise<{ rewritten: number }> {
  if (payload.by.includes(payload.word)) throw new JobFailure('endless', 'the new word holds the old one');
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<{ note_id: string }>('select note_id from notes.note where strpos(text, $1) > 0', [
      payload.word,
    ]);
    for (const [index, { note_id }] of rows.entries()) {
      await connection.query('update notes.note set text = replace(text, $2, $3) where note_id = $1', [
        note_id,
        payload.word,
        payload.by,
      ]);
      progress(index + 1, rows.length);
    }
    return { rewritten: rows.length };
  });
}
