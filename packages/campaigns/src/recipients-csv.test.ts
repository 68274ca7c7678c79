import { Readable } from 'node:stream';

import { RefusalError } from '@purser/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type CsvRecipient, readCsvRecipients } from './recipients-csv.ts';

const BOUNDS = { fields_max: 3, value_chars_max: 100 };

/** Cut into pieces of so many bytes, as a network may. */
async function read(text: string | Buffer, piece = 7): Promise<{ rows: CsvRecipient[]; ignored: readonly string[] }> {
  const bytes = Buffer.from(text as string);
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, index) =>
    bytes.subarray(index * piece, (index + 1) * piece),
  );
  const recipients = readCsvRecipients(Readable.from(pieces), BOUNDS);
  const rows: CsvRecipient[] = [];
  for await (const row of recipients) rows.push(row);
  return { rows, ignored: recipients.ignored };
}

const refusal = (text: string | Buffer, piece?: number): Promise<string> =>
  read(text, piece).then(
    () => 'was read',
    (error: unknown) => (error instanceof RefusalError ? error.refusal.detail : String(error)),
  );

describe('recipients of a CSV file', () => {
  it('are read whatever it is separated by, however its lines end, and wherever it is cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ß', '"', ',', ';', '\n', ' ', '\r\n', '😀'), maxLength: 8 });
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 });
    const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 40 }),
        async (values, separator, end, piece) => {
          const lines = [['email', 'name', 'city'], ...values.map(([name, city], index) => [`r${index}@x.example`, name, city])];
          const text = lines.map((cells) => cells.map(quoted).join(separator)).join(end);
          const found = await read(`\u{FEFF}${text}`, piece);
          let line = 1;
          expect(found.rows).toEqual(
            values.map(([name, city], index) => {
              line += 1 + `${name}${city}`.split('\n').length - 1;
              const data = { ...(name !== '' && { name }), ...(city !== '' && { city }) };
              return { line, email: `r${index}@x.example`, data };
            }),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('have the fields that the first line names: a space in a name becomes _, and what no field can be named is left out and listed', async () => {
    const { rows, ignored } = await read('First Name, EMAIL ,1st,Straße\nAnn,ann@example.com,x,y\n');
    expect(rows).toEqual([{ line: 2, email: 'ann@example.com', data: { First_Name: 'Ann' } }]);
    expect(ignored).toEqual(['1st', 'Straße']);
  });

  it('are refused with the line of what cannot be taken', async () => {
    expect(await refusal('email,a\nx@example.com,1\ny@example.com,2,3\n')).toContain('line 3: got 3 columns, want 2');
    expect(await refusal(`email,a\nx@example.com,${'v'.repeat(101)}\n`)).toContain('line 2: "a" has 101 characters');
    expect(await refusal('email,a\nx@example.com,"a"b\n')).toContain('the row after line 1: a quote stands within');
    expect(await refusal('email,a\nx@example.com,1\ny@example.com,"\n')).toContain(
      'the row after line 2: a quote in it is not closed',
    );
    expect(await refusal('email,a,b,c,d\n')).toContain('got 5 columns, want 4');
    expect(await refusal('')).toContain('it is empty');
    expect(await refusal(Buffer.from([...Buffer.from('email\na@example.com'), 0xc3]))).toContain('ends within a character');
  });

  it('are refused at a row that does not end, of whatever it is full, before it fills the memory', async () => {
    for (const sign of [',', 'x', '"', '\r', '" ', '"x\n']) {
      const text = `email,a\nx@example.com,"${sign.repeat(1_000_000 / sign.length)}`;
      expect(await refusal(text, 65_536)).toMatch(/cannot be read/u);
    }
  });
});
