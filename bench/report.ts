import { cpus, totalmem } from 'node:os';

export function heading(text: string): void {
  console.log(`\n## ${text}\n`);
}

/** A Markdown table, so that what is printed can be pasted into RESULTS.md as it stands. */
export function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  console.log(`| ${columns.join(' | ')} |`);
  console.log(`| ${columns.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log('');
}

export function ms(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
