import type { MonthRow, PartRow } from './known.ts';
import { allowedBy, type MonthPart, type ServedMonth } from './months-served.ts';
import type { Terms } from './terms-of.ts';

/** Names a month. */
export function monthName({ term, month }: { readonly term: string | null | undefined; readonly month: number }): string {
  return `${term ?? ''} ${month}`;
}

export function partName({ invoice, ordinal }: { readonly invoice: string; readonly ordinal: number }): string {
  return `${invoice} ${ordinal}`;
}

/** Months that have begun and lose money to another one by what is known now: whether it was spent there has to be asked. */
export function loosened(
  known: { readonly months: readonly MonthRow[]; readonly parts: readonly PartRow[] },
  { parts, months }: Pick<Terms, 'months' | 'parts'>,
  now: Temporal.Instant,
): MonthRow[] {
  const there = new Set(months.map(monthName));
  const before = new Map(known.parts.map((part) => [partName(part), part]));
  const losing = new Set(
    parts.flatMap((part) => {
      const was = before.get(partName(part));
      return was && was.term !== null && monthName(was) !== monthName(part) ? [monthName(was)] : [];
    }),
  );
  return known.months.filter(
    (month) =>
      Temporal.Instant.compare(month.from, now) <= 0 &&
      (losing.has(monthName(month)) || (month.kind === 'trial' && !there.has(monthName(month)))),
  );
}

/**
 * What is to be written. A month that has begun keeps the moment its counters stand at. Money that was spent in a month stays there, whatever
 * came to be known of it since: `spent` names those months that took more than they would be left with.
 */
export function placed(
  known: { readonly months: readonly MonthRow[]; readonly parts: readonly PartRow[] },
  terms: Pick<Terms, 'months' | 'parts'>,
  spent: ReadonlySet<string>,
  now: Temporal.Instant,
): { readonly months: readonly ServedMonth[]; readonly parts: readonly MonthPart[] } {
  const rows = new Map(known.months.map((month) => [monthName(month), month]));
  const before = new Map(known.parts.map((part) => [partName(part), part]));
  const moved = new Set<string>();
  const parts = terms.parts.map((part): MonthPart => {
    const was = before.get(partName(part));
    if (!was || was.term === null || !spent.has(monthName(was)) || monthName(was) === monthName(part)) return part;
    moved.add(monthName(part)).add(monthName(was));
    return { ...part, term: was.term, month: was.month };
  });
  const kept = known.months.filter(
    (month) => spent.has(monthName(month)) && !terms.months.some((one) => monthName(one) === monthName(month)),
  );
  const months = [...terms.months, ...kept.map(servedAgain)].map((month) => {
    const row = rows.get(monthName(month));
    const from = row && Temporal.Instant.compare(row.from, now) <= 0 ? row.from : month.from;
    const to = Temporal.Instant.compare(month.to, from) < 0 ? from : month.to;
    if (!moved.has(monthName(month)) || month.kind !== 'paid') return { ...month, from, to };
    return { ...month, from, to, allowed: allowedBy(parts.filter((part) => monthName(part) === monthName(month))) };
  });
  return { months, parts };
}

function servedAgain(row: MonthRow): ServedMonth {
  const kind = row.kind === 'trial' ? 'trial' : 'paid';
  return { ...row, kind, allowed: row.allowed ?? [] };
}
