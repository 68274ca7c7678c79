import { isUtf8 } from 'node:buffer';
import { type Readable, pipeline } from 'node:stream';

import { RefusalError, refuse } from '@purser/core';
import { CsvError, parse } from 'csv-parse';

import type { MergeData } from './merge-fields.ts';

/** A row as it was written, which may name no address. */
export interface CsvRecipient {
  /** Of the file, from 1: where the row ends. */
  readonly line: number;
  readonly email: string;
  readonly data: MergeData;
}

export interface CsvBounds {
  /** Merge fields, the address not counted. */
  readonly fields_max: number;
  readonly value_chars_max: number;
}

/** Of a line, and of a row, whose quoted values may go over several lines. */
const ROW_BYTES_MAX = 64 * 1024;
const SEPARATORS = [',', ';', '\t', '|'];
const QUOTE = '"';
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIELD_NAME = /^[A-Za-z][\w.-]{0,63}$/u;
/** What the column of addresses is called. */
const ADDRESS_NAME = /^e-?mail$/iu;
const SHOWN_CHARS_MAX = 60;

interface Columns {
  /** Where the address is. */
  readonly email: number;
  /** The merge field of each column; undefined: the address, or a name that no field can have. */
  readonly fields: readonly (string | undefined)[];
  readonly ignored: readonly string[];
}

export interface CsvRecipients extends AsyncIterable<CsvRecipient> {
  /** Columns that no field can be named for, known with the first row. */
  readonly ignored: readonly string[];
}

/**
 * The rows of a CSV file (RFC 4180, separated by commas, semicolons, tabs or bars, whichever its first line has most of) while it is read:
 * a few of them are in memory at a time. The first row names the merge fields; a space in a name becomes `_`.
 * Iterating throws RefusalError where the file is not UTF-8, names no column of addresses, or a row is longer or wider than it may be.
 */
export function readCsvRecipients(bytes: Readable, bounds: CsvBounds): CsvRecipients {
  const ignored: string[] = [];
  return { ignored, [Symbol.asyncIterator]: () => recipientsIn(bytes, bounds, ignored) };
}

async function* recipientsIn(bytes: Readable, bounds: CsvBounds, ignored: string[]): AsyncGenerator<CsvRecipient> {
  let columns: Columns | undefined;
  const counted = { line: 0, line_ends_within: 0 };
  try {
    for await (const { record, line } of await openRows(bytes, counted)) {
      if (columns === undefined) {
        columns = columnsOf(record, bounds);
        ignored.push(...columns.ignored);
      } else yield recipientOf(record, line, columns, bounds);
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error, counted.line) : error;
  }
  if (columns === undefined) throw wrong('it is empty; want a first line that names the columns, and a row for each recipient');
}

interface CsvRow {
  readonly record: readonly string[];
  readonly line: number;
}

/** Where the parser is: it is ahead of whoever reads its rows. */
interface Counted {
  /** At which the last row ended. */
  line: number;
  /** Those of two characters within values, which the parser counts as two lines. */
  line_ends_within: number;
}

async function openRows(bytes: Readable, counted: Counted): Promise<AsyncIterable<CsvRow>> {
  const pieces = checked(bytes);
  const begin = await beginningOf(pieces);
  const parser = parse({
    bom: true,
    delimiter: separatorOf(begin.toString('utf8')),
    max_record_size: ROW_BYTES_MAX,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    on_record: (record: string[], { lines }) => {
      for (const value of record) counted.line_ends_within += value.split('\r\n').length - 1;
      counted.line = lines - counted.line_ends_within;
      const row: CsvRow = { record, line: counted.line };
      // Whatever it returns is what is read; its types know rows of text alone.
      return row as unknown as string[];
    },
  });
  const all = async function* (): AsyncGenerator<Buffer> {
    yield begin;
    yield* pieces;
  };
  // What breaks off is thrown where the rows are read.
  pipeline(all, parser, () => {});
  return parser as AsyncIterable<CsvRow>;
}

/** As much as a first line can have, so that its separator is known. */
async function beginningOf(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  const first: Buffer[] = [];
  for (let length = 0; length <= ROW_BYTES_MAX;) {
    const next = await pieces.next();
    if (next.done === true) break;
    first.push(next.value);
    length += next.value.length;
  }
  return Buffer.concat(first);
}

/** The same bytes, of which no line is too long: the parser bounds what is in a row, not how many separators. */
async function* checked(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [lines, length] = [0, 0];
  let begun: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    const text = begun.length === 0 ? piece : Buffer.concat([begun, piece]);
    const whole = text.length - begunAtEnd(text);
    if (!isUtf8(text.subarray(0, whole))) throw wrong('it is not UTF-8; want it saved as “CSV UTF-8”');
    begun = text.subarray(whole);
    for (const byte of piece) {
      length += 1;
      if (length > ROW_BYTES_MAX) throw wrong(`line ${lines + 1}: it is longer than ${ROW_BYTES_MAX} bytes`);
      if (byte === LINE_FEED) lines += 1;
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) length = 0;
    }
    yield piece;
  }
  if (begun.length > 0) throw wrong('it ends within a character; want it whole, in UTF-8');
}

/** How many bytes at the end are the beginning of a character of UTF-8, of four bytes at most. */
function begunAtEnd(text: Buffer): number {
  for (let back = 1; back <= Math.min(3, text.length); back += 1) {
    const byte = text[text.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** What the first line has most of, outside quotes; a comma where it has none of them. */
function separatorOf(text: string): string {
  const counts = new Map(SEPARATORS.map((sign) => [sign, 0]));
  let quoted = false;
  for (const sign of text) {
    if (sign === QUOTE) quoted = !quoted;
    else if (!quoted && (sign === '\n' || sign === '\r')) break;
    else if (!quoted && counts.has(sign)) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  }
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
}

function columnsOf(header: readonly string[], { fields_max }: CsvBounds): Columns {
  const names = header.map((name) => name.trim());
  const [email = -1, again] = names.flatMap((name, index) => (ADDRESS_NAME.test(name) ? [index] : []));
  if (email === -1) throw wrong(`line 1: want a column named "email", got ${listed(names)}`);
  if (again !== undefined) throw wrong(`line 1: want one column named "email", got two`);
  if (names.length > fields_max + 1) throw wrong(`line 1: got ${names.length} columns, want ${fields_max + 1} at most`);
  const fields = names.map((name, index) => {
    const field = name.replaceAll(/\s+/gu, '_');
    return index !== email && FIELD_NAME.test(field) ? field : undefined;
  });
  const twice = fields.find((field, index) => field !== undefined && fields.indexOf(field) !== index);
  if (twice !== undefined) throw wrong(`line 1: want each column once, got ${JSON.stringify(twice)} twice`);
  return { email, fields, ignored: names.filter((_, index) => index !== email && fields[index] === undefined) };
}

function recipientOf(record: readonly string[], line: number, columns: Columns, { value_chars_max }: CsvBounds): CsvRecipient {
  const { email, fields } = columns;
  if (record.length > fields.length && record.slice(fields.length).some((value) => value !== ''))
    throw wrong(`line ${line}: got ${record.length} columns, want ${fields.length} as in line 1`);
  const data: Record<string, string> = {};
  for (const [index, field] of fields.entries()) {
    const value = record[index];
    if (field === undefined || value === undefined || value === '') continue;
    if (value.length > value_chars_max)
      throw wrong(`line ${line}: ${JSON.stringify(field)} has ${value.length} characters, want ${value_chars_max} at most`);
    data[field] = value;
  }
  return { line, email: record[email] ?? '', data };
}

const WITHIN = 'a quote stands within a value; want the value in quotes, and the quote in it doubled';
const UNREADABLE: Readonly<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: `it is longer than ${ROW_BYTES_MAX} bytes; a quote that is not closed may be why`,
  CSV_QUOTE_NOT_CLOSED: 'a quote in it is not closed',
  CSV_INVALID_CLOSING_QUOTE: WITHIN,
  INVALID_OPENING_QUOTE: WITHIN,
};

function unreadable({ code }: CsvError, after: number): RefusalError {
  return wrong(`the row after line ${after}: ${UNREADABLE[code] ?? 'it is not CSV'}`);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name.slice(0, SHOWN_CHARS_MAX)));
  return `${shown.join(', ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`;
}

function wrong(why: string): RefusalError {
  return new RefusalError(refuse('invalid_request', `the CSV file cannot be read: ${why}`));
}
