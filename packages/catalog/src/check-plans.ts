import { formatAmount, formatMoney, formatRatio, multiplyRatios, type Ratio, ratio } from '@purser/money';

import { adapterNotes } from './adapter-notes.ts';
import type { Constraint } from './constraints.ts';
import type { CatalogExtensions } from './tables.ts';
import { loadCatalog } from './load.ts';
import { CatalogFault } from './mistakes.ts';
import { describeLoss, type Loss } from './loss.ts';
import { ASSUMPTIONS } from './notes.ts';
import { type CatalogProof, proveCatalog } from './prove-catalog.ts';
import type { Proof } from './prove-plans.ts';

/** What `purser plans check` prints, and whether everything holds (the command's exit status). */
export interface PlansCheck {
  readonly text: string;
  readonly holds: boolean;
}

/**
 * Loads a catalog and proves what it sells at the prices of `now`. A catalog that does not load fails with its mistakes. `adapters`: the providers
 * that can be spoken to; a catalog that names others is told so. `extensions`: what modules add to what a catalog may name.
 */
export async function checkPlans(
  path: string,
  now: Temporal.Instant,
  { adapters, extensions = {} }: { readonly adapters?: readonly string[]; readonly extensions?: CatalogExtensions } = {},
): Promise<PlansCheck> {
  try {
    const catalog = await loadCatalog(path, extensions);
    const proof = proveCatalog(catalog, now);
    const failed = [...new Set(proof.losses.map(({ code }) => code))];
    const verdict =
      failed.length === 0
        ? `${catalog.version}: every plan and pack keeps its margin`
        : `${catalog.version}: ${failed.join(', ')} fails`;
    const notes = [...proof.notes, ...(adapters ? adapterNotes(catalog, adapters) : [])];
    return { text: `${describeProof({ ...proof, notes })}\n\n${verdict}`, holds: failed.length === 0 };
  } catch (error) {
    if (error instanceof CatalogFault) return { text: error.message, holds: false };
    throw error;
  }
}

const COLUMNS = [
  '',
  'price',
  'fees',
  'ceiling',
  'reserve',
  'worst case',
  'of it buffer',
  'remains',
  'margin',
  'wanted',
  'granted',
  'binding',
  '',
] as const;

/** The proofs as a table, under it what bounds each, what fails and how, what is worth knowing, and what is taken for granted. */
function describeProof({ proofs, losses, notes }: CatalogProof): string {
  const table = layOut([COLUMNS, ...proofs.map(rowOf)]);
  const reasons = proofs.flatMap(({ code, allotments, binding }) => [
    code,
    `  ▸ ${inWords(binding)}`,
    ...allotments.map((allotment) => `    granted, by ${inWords(allotment)}`),
  ]);
  return [
    table,
    '',
    'What bounds each billing period (▸), and what was granted:',
    ...reasons,
    ...section('What fails, what to change, and an example:', losses.map(inFull)),
    ...section('Notes:', notes),
    ...section('Assumptions:', ASSUMPTIONS),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function inWords({ name, limit, because }: Constraint): string {
  return `${name}: ${formatMoney(limit)} (${because})`;
}

function inFull(loss: Loss): string {
  return `${loss.code} ${loss.why}. To change: ${loss.change}. For example ${describeLoss(loss)}`;
}

function rowOf(proof: Proof): string[] {
  const { price, wanted, remains_ratio: kept, granted_ratio: granted } = proof;
  const marketing = proof.marketing_budget;
  return [
    proof.code,
    formatMoney(price),
    formatAmount(proof.fees),
    formatAmount(proof.ceiling),
    formatAmount(proof.reserve),
    formatAmount(proof.worst_case),
    formatAmount(proof.exchange_buffer),
    formatAmount(proof.remains),
    kept ? percent(kept) : '–',
    kept ? formatAmount(wanted) : marketing && marketing.nanos > 0n ? `marketing ${formatAmount(marketing)}` : 'no cost',
    granted ? percent(granted) : '–',
    proof.binding.name,
    proof.loss === undefined ? 'holds' : `FAILS: ${proof.loss.why}`,
  ];
}

/** Two decimals, cut towards less. */
function percent(of: Ratio): string {
  const hundredths = multiplyRatios(of, ratio(10_000n, 1n));
  const whole = hundredths.numerator / hundredths.denominator;
  return `${formatRatio(ratio(whole, 100n))} %`;
}

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column >= COLUMNS.length - 2;
  return rows
    .map((row) =>
      row.map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
    )
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}
