import { RefusalError, refuse } from '@purser/base';

import { type Charge, modelOf, toNanos } from './charge.ts';

const ROW_CHARACTERS_MAX = 64 * 1024;

/** What columns are called in providers' exports. */
const COLUMNS = {
  at: ['timestamp', 'time', 'start_time', 'starting_at', 'start_time_iso', 'created_at', 'date', 'usage_date_utc', 'usage_date'],
  model: ['model', 'model_name', 'line_item', 'model_version', 'snapshot_id'],
  request_id: ['request_id', 'requestid', 'id', 'completion_id'],
  cost: ['cost', 'amount', 'amount_value', 'cost_usd', 'amount_usd', 'total_cost', 'price'],
  unit: ['currency', 'amount_currency'],
} as const;
type Column = keyof typeof COLUMNS;

/**
 * Reads a provider's export row by row, whatever its size: a header row that names at least a time and a cost.
 * @throws RefusalError that names the row which cannot be read.
 */
export async function* readChargesCsv(text: AsyncIterable<string>): AsyncGenerator<Charge> {
  let places: Partial<Record<Column, number>> | undefined;
  let row = 0;
  for await (const cells of rowsOf(text)) {
    row += 1;
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (places === undefined) {
      places = placesOf(cells);
      continue;
    }
    const cell = (column: Column): string => cells[places?.[column] ?? -1]?.trim() ?? '';
    const at = instantOf(cell('at'));
    const cost = toNanos(cell('cost').replace(/^[$€]/, ''));
    if (at === undefined) throw unreadable(row, `'${cell('at').slice(0, 40)}' is no time`);
    if (cost === undefined) throw unreadable(row, `'${cell('cost').slice(0, 40)}' is no amount`);
    const unit = cell('unit').toUpperCase() || 'USD';
    if (!/^[A-Z]{3}$/.test(unit)) throw unreadable(row, `'${unit.slice(0, 10)}' is no currency`);
    yield { at, model: modelOf(cell('model')), request_id: cell('request_id') || null, cost, unit };
  }
  if (places === undefined) throw unreadable(1, 'the file is empty');
}

function placesOf(header: readonly string[]): Partial<Record<Column, number>> {
  const names = header.map((name) =>
    name
      .replace(/^\uFEFF/, '')
      .trim()
      .toLowerCase()
      .replaceAll(' ', '_'),
  );
  const places: Partial<Record<Column, number>> = {};
  for (const column of Object.keys(COLUMNS) as Column[]) {
    const place = COLUMNS[column].map((name) => names.indexOf(name)).find((at) => at >= 0);
    if (place !== undefined) places[column] = place;
  }
  for (const column of ['at', 'cost'] as const) {
    if (places[column] === undefined) throw unreadable(1, `no column is called ${COLUMNS[column].join(', ')}`);
  }
  return places;
}

function instantOf(text: string): Temporal.Instant | undefined {
  try {
    if (/^\d{9,11}$/.test(text)) return Temporal.Instant.fromEpochMilliseconds(Number(text) * 1000);
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.Instant.from(`${text}T00:00:00Z`);
    const iso = text.replace(' ', 'T');
    return Temporal.Instant.from(/(?:Z|[+-]\d{2}:?\d{2})$/.test(iso) ? iso : `${iso}Z`);
  } catch {
    return undefined;
  }
}

function unreadable(row: number, why: string): RefusalError {
  return new RefusalError(refuse('invalid_request', `the export cannot be read: row ${row}: ${why}`));
}

/** RFC 4180: cells in quotes may hold separators, line ends and doubled quotes. */
async function* rowsOf(text: AsyncIterable<string>): AsyncGenerator<string[]> {
  let [cells, cell, quoted, after_quote, length, row] = [[] as string[], '', false, false, 0, 1];
  for await (const chunk of text) {
    for (const character of chunk) {
      length += 1;
      if (length > ROW_CHARACTERS_MAX) throw unreadable(row, 'it is longer than 64 KB');
      if (quoted && !after_quote) {
        if (character === '"') after_quote = true;
        else cell += character;
        continue;
      }
      if (after_quote && character === '"') {
        cell += '"';
        after_quote = false;
        continue;
      }
      if (after_quote) [quoted, after_quote] = [false, false];
      if (character === '"' && cell === '') quoted = true;
      else if (character === ',') {
        cells.push(cell);
        cell = '';
      } else if (character === '\n') {
        yield [...cells, cell];
        [cells, cell, length, row] = [[], '', 0, row + 1];
      } else if (character !== '\r') cell += character;
    }
  }
  if (cells.length > 0 || cell !== '') yield [...cells, cell];
}
