import type { MarginLine } from '@purser/ledger';

import type { Engine } from './engine.ts';

export interface MonthlyMargin {
  /** `2026-12` */
  readonly month: string;
  readonly lines: readonly MarginLine[];
}

/** The margin of each calendar month (UTC) in the span, by plan, from the books. */
export async function monthlyMargins(engine: Engine, from: Temporal.Instant, to: Temporal.Instant): Promise<MonthlyMargin[]> {
  const months: MonthlyMargin[] = [];
  let start = from.toZonedDateTimeISO('UTC');
  while (Temporal.Instant.compare(start.toInstant(), to) < 0) {
    const next = start.with({ day: 1 }).add({ months: 1 }).startOfDay();
    const end = Temporal.Instant.compare(next.toInstant(), to) < 0 ? next.toInstant() : to;
    const lines = await engine.margins(start.toInstant(), end, 'plan');
    months.push({ month: start.toPlainDate().toString().slice(0, 7), lines });
    start = next;
  }
  return months;
}
