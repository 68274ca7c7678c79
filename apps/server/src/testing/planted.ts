import type { Pool } from '@purser/database';

/** Every table of the database, of any schema but Postgres' own, that has one of these texts in any column, whatever its type. */
export async function tablesWith(pool: Pool, texts: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relkind in ('r', 'p', 'm') and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1`,
  );
  // Bytes are written as hexadecimal digits.
  const wanted = texts.flatMap((text) => [text, Buffer.from(text).toString('hex')]);
  const found: string[] = [];
  for (const { name } of rows) {
    const held = await pool.query<{ text: string }>(
      `select row_to_json(t)::text as text from ${name} t
       where exists (select from unnest($1::text[]) x where strpos(lower(row_to_json(t)::text), lower(x)) > 0) limit 1`,
      [wanted],
    );
    if (held.rows[0]) found.push(`${name}: ${held.rows[0].text.slice(0, 500)}`);
  }
  return found;
}
