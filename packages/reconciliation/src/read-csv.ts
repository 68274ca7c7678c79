import { setImmediate as nextTurn } from 'node:timers/promises';

import { type Charge, modelOf, toNanos } from './charge.ts';
import { CsvRows, unreadable } from './csv-rows.ts';

/** Read at a stretch; then everything else of this process has its turn, for a body may arrive as fast as it is read. */
const STRETCH_CHARACTERS = 64 * 1024;
/** Longer than any provider's name of a model: each of its beginnings is looked up. */
const MODEL_CHARACTERS_MAX = 200;

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
 * Reads a provider's export row by row, whatever its size: a header row that names at least a time and a cost. Nobody waits for it long.
 * @throws RefusalError that names the row which cannot be read.
 */
export async function* readChargesCsv(text: AsyncIterable<string>): AsyncGenerator<Charge> {
  const rows = new CsvRows();
  const reader = new ChargeReader();
  for await (const chunk of text) {
    for (let at = 0; at < chunk.length; at += STRETCH_CHARACTERS) {
      for (const cells of rows.read(chunk.slice(at, at + STRETCH_CHARACTERS))) {
        const charge = reader.read(cells);
        if (charge !== undefined) yield charge;
      }
      await nextTurn();
    }
  }
  const last = rows.end();
  const charge = last && reader.read(last);
  if (charge !== undefined) yield charge;
  if (!reader.began) throw unreadable(1, 'the file is empty');
}

/** Makes charges of rows; the first that is not empty is the header. */
class ChargeReader {
  #places: Partial<Record<Column, number>> | undefined;
  #row = 0;

  get began(): boolean {
    return this.#places !== undefined;
  }

  read(cells: readonly string[]): Charge | undefined {
    this.#row += 1;
    if (cells.every((cell) => cell.trim() === '')) return undefined;
    const places = this.#places;
    if (places === undefined) {
      this.#places = placesOf(cells);
      return undefined;
    }
    const cell = (column: Column): string => cells[places[column] ?? -1]?.trim() ?? '';
    const at = instantOf(cell('at'));
    const cost = toNanos(cell('cost').replace(/^[$€]/, ''));
    if (at === undefined) throw unreadable(this.#row, `'${cell('at').slice(0, 40)}' is no time`);
    if (cost === undefined) throw unreadable(this.#row, `'${cell('cost').slice(0, 40)}' is no amount`);
    const unit = cell('unit').toUpperCase() || 'USD';
    if (!/^[A-Z]{3}$/.test(unit)) throw unreadable(this.#row, `'${unit.slice(0, 10)}' is no currency`);
    const model = modelOf(cell('model'));
    if (model !== null && model.length > MODEL_CHARACTERS_MAX) {
      throw unreadable(this.#row, `the name of its model has ${model.length} characters; want at most ${MODEL_CHARACTERS_MAX}`);
    }
    return { at, model, request_id: cell('request_id') || null, cost, unit };
  }
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
