import type { CommandContext, CommandInput } from '@purser/module';

export async function countNotes({ arguments: [workspace], options }: CommandInput, context: CommandContext): Promise<void> {
  const pool = await context.database();
  const { rows } = await pool.query<{ count: bigint }>(
    'select count(*) from notes.note where workspace_id = $1 and ($2::text is null or strpos(text, $2) > 0)',
    [workspace, options['containing'] ?? null],
  );
  context.print(`${rows[0]?.count} notes`);
}
