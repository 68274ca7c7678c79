/**
 * Gemini wants the mark of its reasoning back with each call of a tool, and the formats of others have no place for it: it travels in the
 * id of the call, which every client gives back. Other providers do not take an id that long, and get it without.
 */
const MARK = '_thought_';

export function withThought(id: string, signature: string): string {
  return id + MARK + Buffer.from(signature, 'utf8').toString('base64url');
}

export function thoughtIn(id: string): string | undefined {
  const at = id.indexOf(MARK);
  return at === -1 ? undefined : Buffer.from(id.slice(at + MARK.length), 'base64url').toString('utf8');
}

/** The id without it. */
export function withoutThought(id: string): string {
  const at = id.indexOf(MARK);
  return at === -1 ? id : id.slice(0, at);
}

/** Whether a serialised body may hold such an id. */
export function mayHoldThoughts(text: string): boolean {
  return text.includes(MARK);
}
