import { Readable } from 'node:stream';

import type { FastifyReply } from 'fastify';

export type CsvCell = string | number | null;

/** A plain number, negative or not: no spreadsheet takes it for a formula. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;
/** What a spreadsheet may take for a formula when a cell begins with it, white space before it or not. */
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/;

/** One cell as RFC 4180 writes it. Text that could be a formula gets an apostrophe before it, which spreadsheets show as text. */
export function csvCell(cell: CsvCell): string {
  const text = cell === null ? '' : String(cell);
  const harmless = NUMBER.test(text) || !FORMULA.test(text) ? text : `'${text}`;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
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
