import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { csvCell, toCsv } from './csv.ts';

/** As RFC 4180 reads it: cell by cell, each in quotes or not, and what comes after it. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare);
    if (end !== ',') rows.push([]);
  }
  return rows.slice(0, -1);
}

/** As a spreadsheet reads it that expects another separator: a quote opens a cell only at its beginning, and what follows its end belongs to it. */
function cellsBy(separator: string, csv: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  let begins = true;
  for (let at = 0; at < csv.length; at++) {
    const sign = csv[at] ?? '';
    if (quoted && sign === '"' && csv[at + 1] === '"') cell += csv[at++];
    else if (quoted && sign === '"') quoted = false;
    else if (!quoted && begins && sign === '"') quoted = true;
    else if (!quoted && (sign === separator || sign === '\r' || sign === '\n')) {
      cells.push(cell);
      cell = '';
      begins = true;
      continue;
    } else cell += sign;
    begins = false;
  }
  return [...cells, cell];
}

const LIVE = /^[\s"]*[=+\-@＝＋－＠]/;
const hostile = fc
  .array(
    fc.oneof(
      fc.string({
        unit: fc.constantFrom('=', '+', '-', '@', ';', ',', '|', '\t', '\r', '\n', '"', "'", ' ', 'x', '1', '＝', '＠'),
        maxLength: 3,
      }),
      fc.constantFrom('=1+1', ';=1', '";"=1', '\u200B', '\uFEFF'),
    ),
    {
      maxLength: 8,
    },
  )
  .map((shreds) => shreds.join(''))
  .filter((text) => !/^-?\d+(?:\.\d+)?$/.test(text));

describe('C8, C11: a report as CSV', () => {
  test.each([
    ['x;=1+1', `"x;'=1+1"`],
    ['x,=1+1', `"x,'=1+1"`],
    ['x\t=1+1', `"x\t'=1+1"`],
    ['x|@SUM(A1)', `"x|'@SUM(A1)"`],
    ['x; =1+1', `"x; '=1+1"`],
    ['x;"=1+1"', `"x;""'=1+1"""`],
    ['x\n=1+1', `"x\n'=1+1"`],
    ['x\r\n-1+1', `"x\r\n'-1+1"`],
    ['x;＝1+1', `"x;'＝1+1"`],
    ['x;y', '"x;y"'],
    ['a=b', 'a=b'],
    ['x - y', 'x - y'],
  ])('%j is written %s: a formula in no language’s separator', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  test('by whatever separator it is read, no cell of text is a formula', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, hostile), { minLength: 1, maxLength: 3 }), (rows) => {
        const csv = toCsv(['a', 'b'], rows);
        for (const separator of [',', ';', '\t', '|']) {
          const live = cellsBy(separator, csv).filter((cell) => LIVE.test(cell));
          expect([separator, live]).toEqual([separator, []]);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test.each(['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1', ' =1', "=cmd|' /C calc'!A0", '＝1', '-', '+49 1', '-2 x'])(
    '%j cannot be taken for a formula',
    (text) => {
      expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/);
    },
  );

  test.each(['12', '-12', '-0.000000007', '2026-11', 'acme/flash', '', 'none'])('%j stays as it is', (text) => {
    expect(csvCell(text)).toBe(text);
  });

  test('whatever stands in the cells, a reader gets the same rows back, and no cell begins as a formula', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 4 }), { minLength: 1 }),
        (rows) => {
          const back = parse(toCsv(['a', 'b'], rows)).slice(1);
          const bare = (all: readonly (readonly string[])[]) => all.map((row) => row.map((cell) => cell.replaceAll("'", '')));
          expect(bare(back)).toEqual(bare(rows));
          expect(back.flat().filter((cell) => /^[=+@\t\r]/.test(cell))).toEqual([]);
        },
      ),
    );
  });
});
