/**
 * Gemini wants the mark of its reasoning back with each call of a tool, and the formats of others have no place for it: it travels in the
 * id of the call, which every client gives back. Other providers do not take an id that long, and get it without.
 */
const MARK = '_thought_';
const MARKS = /_thought_[\w-]+/gu;

export function withThought(id: string, signature: string): string {
  return id + MARK + Buffer.from(signature, 'utf8').toString('base64url');
}

export function thoughtIn(id: string): string | undefined {
  const at = id.indexOf(MARK);
  return at === -1 ? undefined : Buffer.from(id.slice(at + MARK.length), 'base64url').toString('utf8');
}

/** Ids, or any text that ids stand in, without it. */
export function withoutThoughts(text: string): string {
  return text.includes(MARK) ? text.replace(MARKS, '') : text;
}
