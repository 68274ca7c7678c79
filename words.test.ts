import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { code, files, isTest, places, ROOT } from './sources.ts';

/* Plain words: what was replaced in docs, messages and public names does not come back, as far as a pattern can tell. */

const REPLACED =
  /\b(?:aboard|anew|begun|dearer|dearest|whoever|trail|the books|our books|postings|deeds?|rungs?|laps(?:es?|ed|ing)|strangers?|stowed)\b/i;

/** A text without its code: blocks, spans, links. */
function prose(text: string): string {
  return text
    .replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ''))
    .replaceAll(/`[^`\n]*`|\]\([^)]*\)|https?:\/\/\S+/g, '');
}

describe('replaced words do not come back', () => {
  test('into the guides and the README of a package', () => {
    const guides = files.filter(
      (file) => /^(?:README|docs\/[a-z-]+|(?:packages|apps)\/[a-z-]+\/README)\.md$/.test(file) && !NOT_PROSE.includes(file),
    );
    expect(guides.length).toBeGreaterThan(30);
    const texts = guides.map((file) => ({ file, text: prose(readFileSync(path.join(ROOT, file), 'utf8')) }));
    expect(places(texts, REPLACED)).toEqual([]);
  });

  test('into what is refused, logged, mailed and described', () => {
    const spoken =
      /(?:refuse|describe|description|summary|say|log\.\w+|console\.log|argument|option|Fault|help|title|text|detail)\b[^'"`]*(['"`])(?:(?!\1).)*/;
    const lines = code
      .filter(({ file }) => /^(?:apps\/(?:server|cli)|packages)\//.test(file) && !isTest(file))
      .filter(({ file }) => !/^packages\/(?:simulation|replay|privacy\/src\/inventory)|\/standins\//.test(file))
      .map(({ file, text }) => ({
        file,
        text: text
          .split('\n')
          .map((line) => (/^\s*(?:\/?\*|\/\/)/.test(line) ? '' : (spoken.exec(line)?.[0] ?? '').replaceAll(/\$\{[^}]*\}/g, '')))
          .join('\n'),
      }));
    expect(
      places(lines, /\s['"`].*\b(?:aboard|anew|begun|dearer|dearest|whoever|the trail|the books|deeds?|strangers?|stowed)\b/),
    ).toEqual([]);
  });
});

describe('what a package exports is named by the words of its field', () => {
  const EXPORTED = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|enum) (\w+)/gm;
  /** Private words for a level, a state, what remains, an email, an audit event, an error of a client, a cache, an action. */
  const PRIVATE =
    /Rung|[rR]ung[A-Z]|Standing|standingOf|Room(?:s|$)|Strangers|Purse|Deed|DeadLetter|Letter$|Occasion|[tT]rail|[dD]oubt|[uU]nwatched|^hurry|BoundedMap|BatchLoader|keepableJson|hideSecrets|Saying|[mM]isfit|mistaken/;
  /** Participles and prepositions say nothing of what a type holds. */
  const NO_NOUN = /^(?:Given|Known|Said|Left|Parts|Moved|On|Of)$/;

  test('no private word, and no participle for a type', () => {
    const names = code
      .filter(({ file }) => /^(?:apps|packages)\//.test(file))
      .flatMap(({ file, text }) => [...text.matchAll(EXPORTED)].map(([, name = '']) => ({ file, name })));
    expect(names.length).toBeGreaterThan(2_000);
    const wrong = names.filter(({ name }) => PRIVATE.test(name) || NO_NOUN.test(name));
    expect(wrong.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  });

  test('a connection that a function works in is called `tx`, never `on`', () => {
    expect(places(code, /[(,]\s*on: (?:Pick<)?(?:Connection|Queryable|Pool)\b/)).toEqual([]);
  });
});

/** Made of the schema, or a file that is written by another hand. */
const NOT_PROSE: readonly string[] = ['docs/privacy-inventory.md'];
