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

/** Made of the schema, or a file that is written by another hand. */
const NOT_PROSE: readonly string[] = ['docs/privacy-inventory.md'];
