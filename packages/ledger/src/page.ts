import { type Refusal, refuse } from '@purser/core';

/** One page of a list, newest first. `next` is the cursor of the page after it, null at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

const ROWS_DEFAULT = 50;
const ROWS_MAX = 200;

/** How many rows a page holds: the wish, 50 without one, and never more than 200 nor fewer than one. */
export function pageSize(limit: number | undefined): number {
  if (limit === undefined || !Number.isFinite(limit)) return ROWS_DEFAULT;
  return Math.min(ROWS_MAX, Math.max(1, Math.trunc(limit)));
}

/** Where a row stands in the order of the books: by the number of the transaction that wrote it, then by id. */
export interface Position {
  readonly xid: bigint;
  readonly id: bigint;
}

const CURSOR = /^(\d{1,19})\.(\d{1,19})$/;
const BIGINT_MAX = 2n ** 63n - 1n;

/** The position a cursor stands for, before which its page begins; without a cursor, after the newest row. */
export function parseCursor(cursor: string | null | undefined): Position | Refusal {
  if (cursor === undefined || cursor === null) return { xid: BIGINT_MAX, id: BIGINT_MAX };
  const match = CURSOR.exec(cursor);
  const xid = BigInt(match?.[1] ?? -1);
  const id = BigInt(match?.[2] ?? -1);
  if (!match || xid > BIGINT_MAX || id > BIGINT_MAX) {
    return refuse('invalid_request', `the cursor '${cursor.slice(0, 60)}' is not valid; want next_cursor of the page before`);
  }
  return { xid, id };
}

/** Cuts `rows`, read one longer than the page, to the page and names where the next begins. */
export function toPage<Row extends Position>(rows: readonly Row[], size: number): Page<Row> {
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > size && last ? `${last.xid}.${last.id}` : null };
}
