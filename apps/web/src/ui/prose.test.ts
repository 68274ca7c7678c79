import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, readProse } from './prose.ts';

const words = (blocks: readonly Block[]): string =>
  blocks
    .flatMap((block) => {
      switch (block.kind) {
        case 'list':
          return block.items.flat().map(({ text }) => text);
        case 'code':
          return [block.text];
        case 'heading':
        case 'paragraph':
          return block.spans.map(({ text }) => text);
      }
    })
    .join(' ');

describe('reading an answer', () => {
  it('finds headings, lists, bold and code', () => {
    expect(readProse('# Porto opens\n- one **shop**\n- two\n\nA line,\nand another with `code`.')).toEqual([
      { kind: 'heading', level: 1, spans: [{ kind: 'text', text: 'Porto opens' }] },
      {
        kind: 'list',
        ordered: false,
        start: 1,
        items: [
          [
            { kind: 'text', text: 'one ' },
            { kind: 'strong', text: 'shop' },
          ],
          [{ kind: 'text', text: 'two' }],
        ],
      },
      {
        kind: 'paragraph',
        spans: [
          { kind: 'text', text: 'A line,\nand another with ' },
          { kind: 'code', text: 'code' },
          { kind: 'text', text: '.' },
        ],
      },
    ]);
  });

  it('keeps counting in a numbered list across blank lines, from the number it began with', () => {
    expect(readProse('3. three\n\n4. four')).toMatchObject([{ kind: 'list', ordered: true, start: 3, items: [[{}], [{}]] }]);
  });

  it('shows code that is still arriving', () => {
    expect(readProse('```js\nlet a')).toEqual([{ kind: 'code', text: 'let a' }]);
  });

  it('loses no word, whatever a model writes and wherever it is cut', () => {
    const piece = fc.constantFrom('alpha', 'beta', '**', '`', '\n', '\n\n', '- ', '* ', '1. ', '## ', ' ', '•', '_', '<b>');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const wanted = text.match(/alpha|beta|<b>/g) ?? [];
        expect(words(readProse(text)).match(/alpha|beta|<b>/g) ?? []).toEqual(wanted);
      }),
    );
  });
});
