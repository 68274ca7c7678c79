import { RefusalError, refuse } from '@purser/core';

const ROW_CHARACTERS_MAX = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export function unreadable(row: number, why: string): RefusalError {
  return new RefusalError(refuse('invalid_request', `the export cannot be read: row ${row}: ${why}`));
}

/** Rows of RFC 4180 out of pieces of text, cut anywhere: cells in quotes may hold separators, line ends and doubled quotes. */
export class CsvRows {
  #cells: string[] = [];
  #cell = '';
  #quoted = false;
  #after_quote = false;
  #length = 0;
  #row = 1;

  /** The rows that end in this piece. */
  *read(piece: string): Generator<string[]> {
    for (let at = 0; at < piece.length;) {
      const end = this.#quoted && !this.#after_quote ? endOfQuoted(piece, at) : endOfPlain(piece, at);
      if (end > at && this.#after_quote) [this.#quoted, this.#after_quote] = [false, false];
      this.#cell += piece.slice(at, end);
      this.#length += Math.min(end + 1, piece.length) - at;
      if (this.#length > ROW_CHARACTERS_MAX) throw unreadable(this.#row, 'it is longer than 64 KB');
      at = end + 1;
      if (end < piece.length && this.#mark(piece.charCodeAt(end))) yield this.#ended();
    }
  }

  /** The row that no line end follows; undefined where there is none. */
  end(): string[] | undefined {
    return this.#cells.length > 0 || this.#cell !== '' ? this.#ended() : undefined;
  }

  /** A character that may mean something; true at the end of a row. */
  #mark(code: number): boolean {
    if (this.#quoted && !this.#after_quote) {
      this.#after_quote = true;
      return false;
    }
    if (code === QUOTE && (this.#after_quote || this.#cell !== '')) {
      this.#cell += '"';
      this.#after_quote = false;
      return false;
    }
    [this.#quoted, this.#after_quote] = [code === QUOTE, false];
    if (code === COMMA) {
      this.#cells.push(this.#cell);
      this.#cell = '';
    }
    return code === LINE_FEED;
  }

  #ended(): string[] {
    const cells = [...this.#cells, this.#cell];
    [this.#cells, this.#cell, this.#length] = [[], '', 0];
    this.#row += 1;
    return cells;
  }
}

function endOfQuoted(piece: string, from: number): number {
  const end = piece.indexOf('"', from);
  return end === -1 ? piece.length : end;
}

function endOfPlain(piece: string, from: number): number {
  let at = from;
  for (; at < piece.length; at += 1) {
    const code = piece.charCodeAt(at);
    if (code === COMMA || code === LINE_FEED || code === QUOTE || code === CARRIAGE_RETURN) break;
  }
  return at;
}
