import type { Span } from './facts.ts';

/** A remainder of up to so many days is part of the last month: a month from 28 February ends on 31 March where the anchor is the 31st. */
const REMAINDER_DAYS = 4;
/** Ten years. */
const MONTHS_MAX = 120;

/** The months in which a term is served, each counted from its beginning (31 January, 28 February, 31 March), the last until its end. */
export function monthsOf({ from, to }: Span): Span[] {
  const local = from.toZonedDateTimeISO('UTC').toPlainDateTime();
  const boundary = (months: number): Temporal.Instant => local.add({ months }).toZonedDateTime('UTC').toInstant();
  const months: Span[] = [];
  for (let start = from; months.length < MONTHS_MAX;) {
    const end = boundary(months.length + 1);
    const last = Temporal.Instant.compare(end.add({ hours: REMAINDER_DAYS * 24 }), to) >= 0;
    months.push({ from: start, to: last ? to : end });
    if (last) break;
    start = end;
  }
  return months;
}

export function aMonthFrom(from: Temporal.Instant): Span {
  return { from, to: from.toZonedDateTimeISO('UTC').add({ months: 1 }).toInstant() };
}

/** Part `index` of `count` equal parts of a whole; rounded so that the first parts together are never more than their share, and all are the whole. */
export function partOf(whole: bigint, index: number, count: number): bigint {
  return floorShare(whole, index + 1, count) - floorShare(whole, index, count);
}

function floorShare(whole: bigint, parts: number, count: number): bigint {
  const product = whole * BigInt(parts);
  const quotient = product / BigInt(count);
  return product < 0n && product % BigInt(count) !== 0n ? quotient - 1n : quotient;
}
