import { Readable } from 'node:stream';

import type { FastifyReply } from 'fastify';

export type CsvCell = string | number | null;

/** A plain number, negative or not: no spreadsheet takes it for a formula. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;
/** What a spreadsheet takes for the beginning of a formula. */
const SIGN = /[=+\-@＝＋－＠]/;
/** At each of these some spreadsheet begins another cell: which separator it expects follows from its language, not from the file. */
const SEPARATOR = /[,;\t|\r\n]/;
/** What may stand in a cell before its formula. */
const BEFORE = /[\s"'\p{C}]/u;

/**
 * One cell as RFC 4180 writes it. Text that could be a formula, of this cell or of one that another separator makes out of it, gets an
 * apostrophe before it, which spreadsheets show as text.
 */
export function csvCell(cell: CsvCell): string {
  const text = cell === null ? '' : String(cell);
  const harmless = NUMBER.test(text) ? text : disarmed(text);
  return /[",;\t|\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** In one pass, whatever the text. */
function disarmed(text: string): string {
  const led = /^[\t\r\n]/.test(text) || SIGN.test(firstOf(text)) ? `'${text}` : text;
  if (!SIGN.test(led)) return led;
  let written = '';
  let beginning = false;
  for (const sign of led) {
    if (beginning && SIGN.test(sign)) written += "'";
    beginning = SEPARATOR.test(sign) || (beginning && BEFORE.test(sign));
    written += sign;
  }
  return written;
}

function firstOf(text: string): string {
  for (const sign of text) if (!BEFORE.test(sign)) return sign;
  return '';
}

export function toCsv(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** Answers with a file of that name. */
export function sendCsv(reply: FastifyReply, name: string, csv: string): FastifyReply {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .serializer(String)
    .send(csv);
}

/** The same, written as it is read. */
export function streamCsv(reply: FastifyReply, name: string, parts: AsyncIterable<string>): FastifyReply {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .send(Readable.from(parts));
}
