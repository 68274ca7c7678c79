import { describe, expect, it } from 'vitest';

import { messagesOf, proseOutsideCatalogs, sourceFiles } from './testing/messages.ts';
import { fieldsOf } from './words/translate.ts';

const files = sourceFiles();
const messages = [...new Set(files.flatMap(messagesOf))].toSorted((a, b) => (a < b ? -1 : 1));

/** Words of our own that a reader would have to learn, and what stands in their place: see the style guide of the docs. */
const PRIVATE_WORDS: readonly RegExp[] = [
  /\baboard\b|\bstow|\bload line\b|\bmailbox\b|\bletter\b/i,
  /\bbooks\b|\btrail\b|\bpostings?\b|\bdeeds?\b/i,
  /\bladders?\b|\brungs?\b|climb|\blet go\b|\btake it back\b|\bI have it\b/i,
  /\bkept\b|no further|given away/i,
  /\blicen[cs]e\b|good standing|time to pay/i,
  /\blapses?d?\b|starts anew|\bfresh\b/i,
  /side by side|dearest|\bdearer\b|under the ceiling/i,
  /less well|looks ahead|takes for honest|\bSeen\b/,
  /\bpersons\b|whoever|\banew\b|\bbegun\b|\bis to be\b|\bnobody here\b/i,
  /\bcatalogue|\bcolour|\bgrey\b|kilometre|\be-mail/i,
];

describe('the words of the page', () => {
  it('all stand in the catalog that translators work from', async () => {
    await expect(`${JSON.stringify(messages, undefined, 2)}\n`).toMatchFileSnapshot('../messages.json');
  });

  it('stand nowhere else: no text between tags, and no attribute that is read out, is written in place', () => {
    expect(files.flatMap(proseOutsideCatalogs)).toEqual([]);
  });

  it('are the field’s own, and no private language', () => {
    expect(messages.filter((message) => PRIVATE_WORDS.some((word) => word.test(message)))).toEqual([]);
  });

  it('name what is put in by whole words, each once', () => {
    const odd = messages.filter((message) => fieldsOf(message).some((name) => !/^[a-z][a-z_]*\d?$/.test(name)));
    expect(odd).toEqual([]);
  });
});
