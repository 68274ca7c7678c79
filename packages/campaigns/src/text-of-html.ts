import { Tokenizer } from 'htmlparser2';

/** What these hold is no text. */
const HIDDEN = new Set(['head', 'style', 'script', 'title', 'template']);
/** What these hold stands on lines of its own. */
const BLOCKS = new Set([
  'p',
  'div',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'tr',
  'table',
  'ul',
  'ol',
  'blockquote',
  'section',
  'article',
  'header',
  'footer',
]);

/**
 * The words of an HTML message, for readers that show none: links with their addresses, list items, paragraphs. It goes by tags as they
 * come and keeps no tree, so that its time grows as the text does, however deep that is nested and whatever is never closed.
 */
export function textOfHtml(html: string): string {
  const text = new PlainText();
  let tag = '';
  let attribute = '';
  let href: string | undefined;
  const tagEnds = (): void => text.open(tag, href ?? '');
  const value = (more: string): void => {
    if (attribute === 'href') href = (href ?? '') + more;
  };
  const tokenizer = new Tokenizer(
    { xmlMode: false, decodeEntities: true },
    {
      onopentagname(start, end) {
        tag = html.slice(start, end).toLowerCase();
        href = undefined;
      },
      onattribname(start, end) {
        const name = html.slice(start, end).toLowerCase();
        // Of two of a name the first counts.
        attribute = name === 'href' && href !== undefined ? '' : name;
      },
      onattribdata: (start, end) => value(html.slice(start, end)),
      onattribentity: (code) => value(String.fromCodePoint(code)),
      onattribend: () => value(''),
      onopentagend: tagEnds,
      onselfclosingtag: tagEnds,
      onclosetag: (start, end) => text.close(html.slice(start, end).toLowerCase()),
      ontext: (start, end) => text.say(html.slice(start, end)),
      ontextentity: (code) => text.say(String.fromCodePoint(code)),
      oncomment() {},
      oncdata() {},
      ondeclaration() {},
      onprocessinginstruction() {},
      onend() {},
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  return text.end();
}

class PlainText {
  readonly #parts: string[] = [];
  /** How many of each hidden element are open. */
  readonly #hidden = new Map<string, number>();
  #hiddenOpen = 0;
  #link: { readonly href: string; readonly from: number } | undefined;

  open(tag: string, href: string): void {
    if (HIDDEN.has(tag)) this.#hide(tag, 1);
    // A head may be left open: the body ends it.
    if (tag === 'body') this.#hide('head', -(this.#hidden.get('head') ?? 0));
    if (tag === 'br' || tag === 'hr' || BLOCKS.has(tag)) this.#parts.push('\n');
    if (tag === 'li') this.#parts.push('\n- ');
    if (tag !== 'a') return;
    // A link within a link ends the one before it.
    this.#endLink();
    this.#link = { href, from: this.#parts.length };
  }

  close(tag: string): void {
    if (HIDDEN.has(tag) && (this.#hidden.get(tag) ?? 0) > 0) this.#hide(tag, -1);
    if (BLOCKS.has(tag)) this.#parts.push('\n');
    if (tag === 'a') this.#endLink();
  }

  say(text: string): void {
    if (this.#hiddenOpen === 0) this.#parts.push(text.replaceAll(/\s+/gu, ' '));
  }

  end(): string {
    this.#endLink();
    const lines = this.#parts.join('').split('\n');
    return lines
      .map((line) => line.replaceAll(/ {2,}/gu, ' ').trim())
      .filter((line, index, all) => line !== '' || all[index - 1] !== '')
      .join('\n')
      .trim();
  }

  #hide(tag: string, more: number): void {
    this.#hidden.set(tag, (this.#hidden.get(tag) ?? 0) + more);
    this.#hiddenOpen += more;
  }

  #endLink(): void {
    if (this.#link === undefined) return;
    const { href, from } = this.#link;
    this.#link = undefined;
    const words = this.#parts.slice(from).join('').trim();
    if (href !== '' && !href.startsWith('#') && words !== href) this.#parts.push(` (${href})`);
  }
}
