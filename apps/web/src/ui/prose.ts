/** A piece of a line. */
export interface Span {
  readonly kind: 'text' | 'strong' | 'code';
  readonly text: string;
}

/** One block of an answer. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly spans: readonly Span[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly start: number; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'code'; readonly text: string };

const HEADING = /^(#{1,6})\s+(.*)$/;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBERED = /^\s*(\d{1,4})[.)]\s+(.*)$/;
const FENCE = /^\s*```/;

/**
 * Reads the little of Markdown that models write in answers: headings, lists, bold, code. Whatever else there is stays as it came,
 * so nothing of an answer is ever lost; half an answer reads as well as a whole one.
 */
export function readProse(text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  let paragraph: string[] = [];
  const close = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', spans: readSpans(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const heading = HEADING.exec(line);
    if (FENCE.test(line)) {
      close();
      const end = lines.findIndex((other, index) => index > at && FENCE.test(other));
      const last = end === -1 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, last).join('\n') });
      at = last;
    } else if (heading !== null) {
      close();
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, spans: readSpans(heading[2] ?? '') });
    } else if (BULLET.test(line) || NUMBERED.test(line)) {
      close();
      addItem(blocks, line, lines[at - 1] ?? '');
    } else if (line.trim() === '') close();
    else paragraph.push(line);
  }
  close();
  return blocks;
}

/** Adds to the list just before, or starts one. A blank line ends a list of bullets, not the count of a numbered one. */
function addItem(blocks: Block[], line: string, before: string): void {
  const numbered = NUMBERED.exec(line);
  const ordered = numbered !== null;
  const item = readSpans(numbered?.[2] ?? BULLET.exec(line)?.[1] ?? line);
  const last = blocks.at(-1);
  if (last?.kind === 'list' && last.ordered === ordered && (before.trim() !== '' || ordered)) {
    blocks[blocks.length - 1] = { ...last, items: [...last.items, item] };
  } else blocks.push({ kind: 'list', ordered, start: Number(numbered?.[1] ?? 1), items: [item] });
}

function readSpans(text: string): readonly Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const found of text.matchAll(/\*\*(?=\S)(.+?)(?<=\S)\*\*|`([^`\n]+)`/g)) {
    if (found.index > from) spans.push({ kind: 'text', text: text.slice(from, found.index) });
    spans.push(found[1] === undefined ? { kind: 'code', text: found[2] ?? '' } : { kind: 'strong', text: found[1] });
    from = found.index + found[0].length;
  }
  if (from < text.length) spans.push({ kind: 'text', text: text.slice(from) });
  return spans;
}
