import { formatAmount, formatMoney, formatRatio, multiplyRatios, type Ratio, ratio } from '@purser/money';

import { loadCatalogue } from './load.ts';
import { CatalogueFault } from './mistakes.ts';
import { type Proof, provePlans } from './prove-plans.ts';

/** What `purser plans check` prints, and whether everything holds (the command's exit status). */
export interface PlansCheck {
  readonly text: string;
  readonly holds: boolean;
}

/** Loads a catalogue and proves its plans and packs at the prices of `now`. A catalogue that does not load fails with its mistakes. */
export async function checkPlans(path: string, now: Temporal.Instant): Promise<PlansCheck> {
  try {
    const catalogue = await loadCatalogue(path);
    const proofs = provePlans(catalogue, now);
    const holds = proofs.every((proof) => proof.holds);
    const failed = proofs.filter((proof) => !proof.holds).map((proof) => proof.code);
    const verdict = holds
      ? `${catalogue.version}: every plan and pack keeps its margin`
      : `${catalogue.version}: ${failed.join(', ')} fails`;
    return { text: `${describeProofs(proofs)}\n\n${verdict}`, holds };
  } catch (error) {
    if (error instanceof CatalogueFault) return { text: error.message, holds: false };
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
  'binding',
  '',
] as const;

/** The proofs as a table, and under it every constraint of each. */
export function describeProofs(proofs: readonly Proof[]): string {
  const table = layOut([COLUMNS, ...proofs.map(rowOf)]);
  const reasons = proofs.flatMap(({ code, constraints, binding }) => [
    code,
    ...constraints.map((constraint) => {
      const mark = constraint === binding ? '▸' : ' ';
      return `  ${mark} ${constraint.name}: ${formatMoney(constraint.limit)} (${constraint.because})`;
    }),
  ]);
  return [table, '', 'What bounds each month (▸ binds):', ...reasons].join('\n');
}

function rowOf(proof: Proof): string[] {
  const { price, wanted, remains_ratio: kept } = proof;
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
    proof.binding.name,
    proof.failure === undefined ? 'holds' : `FAILS: ${proof.failure}`,
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
