/**
 * JSON that Postgres takes of what a stranger says: a provider, a payment service. Nothing of ours must fail for a character in it, so
 * U+0000 and halves of surrogate pairs become U+FFFD.
 */
export function toPostgresJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!/\\u(?:0000|d[89a-f])/.test(json)) return json;
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? toPostgresText(member) : member));
}

/** The same of one text. */
export function toPostgresText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{FFFD}');
}
