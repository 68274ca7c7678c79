import { BOOKS_INVENTORY } from './inventory-of-books.ts';
import { CUSTOMERS_INVENTORY } from './inventory-of-customers.ts';
import type { TableInventory } from './table-inventory.ts';

/** Every table, by name. */
export const INVENTORY: readonly TableInventory[] = [...BOOKS_INVENTORY, ...CUSTOMERS_INVENTORY].toSorted((one, other) =>
  one.table < other.table ? -1 : 1,
);

/** The inventory as a table for people. */
export function inventoryTable(): string {
  const named = (words: string | undefined): string =>
    words === undefined
      ? ''
      : words
          .split(' ')
          .map((word) => `\`${word}\``)
          .join(', ');
  const rows = INVENTORY.map(
    ({ table, holds, personal, content, kept, erasure, file }) =>
      `| \`${table}\` | ${holds} | ${[named(personal), named(content)].filter((one) => one !== '').join(', ') || '–'} | ${kept} | ${erasure} | ${file === undefined ? '–' : `\`${file}.jsonl\``} |`,
  );
  return [
    '| table | what lies there, and why | texts of persons | how long | an erasure | export |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
