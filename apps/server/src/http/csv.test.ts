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

describe('C8, C11: a report as CSV', () => {
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
          expect(back.map((row) => row.map((cell) => cell.replace(/^'/, '')))).toEqual(
            rows.map((row) => row.map((cell) => cell.replace(/^'/, ''))),
          );
          expect(back.flat().filter((cell) => /^[=+@\t\r]/.test(cell))).toEqual([]);
        },
      ),
    );
  });
});
