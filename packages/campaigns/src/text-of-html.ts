import { Parser } from 'htmlparser2';

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

/** The words of an HTML message, for readers that show none: links with their addresses, list items, paragraphs. In linear time. */
export function textOfHtml(html: string): string {
  const parts: string[] = [];
  const links: { readonly href: string; readonly from: number }[] = [];
  let hidden = 0;
  const parser = new Parser(
    {
      onopentag(name, { href = '' }) {
        if (HIDDEN.has(name)) hidden++;
        if (name === 'br' || name === 'hr' || BLOCKS.has(name)) parts.push('\n');
        if (name === 'li') parts.push('\n- ');
        if (name === 'a') links.push({ href, from: parts.length });
      },
      ontext(text) {
        if (hidden === 0) parts.push(text.replaceAll(/\s+/gu, ' '));
      },
      onclosetag(name) {
        if (HIDDEN.has(name)) hidden--;
        if (BLOCKS.has(name)) parts.push('\n');
        if (name !== 'a') return;
        const link = links.pop();
        if (link !== undefined && isWorthSaying(link.href, parts.slice(link.from).join(''))) parts.push(` (${link.href})`);
      },
    },
    { decodeEntities: true },
  );
  parser.end(html);
  const lines = parts.join('').split('\n');
  return lines
    .map((line) => line.replaceAll(/ {2,}/gu, ' ').trim())
    .filter((line, index, all) => line !== '' || all[index - 1] !== '')
    .join('\n')
    .trim();
}

function isWorthSaying(href: string, words: string): boolean {
  return href !== '' && !href.startsWith('#') && words.trim() !== href;
}
