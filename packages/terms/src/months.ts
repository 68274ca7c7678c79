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

/**
 * What of a whole is for one of the months that it pays for: equal parts, and for a last month that is shorter than a month (of a first period
 * of 45 days, say) the part that its length is of one. Rounded so that the first parts together are never more than their share, and all
 * are the whole.
 */
export function partOf(whole: bigint, index: number, months: readonly Span[]): bigint {
  const { full, last } = weightsOf(months);
  const total = full * BigInt(months.length - 1) + last;
  const until = (count: number): bigint => (count === months.length ? total : full * BigInt(count));
  return floorShare(whole, until(index + 1), total) - floorShare(whole, until(index), total);
}

/** In milliseconds; a last month that is as long as a month, or a little longer, weighs as the others. */
function weightsOf(months: readonly Span[]): { readonly full: bigint; readonly last: bigint } {
  const last = months.at(-1);
  if (last === undefined || months.length === 1) return { full: 1n, last: 1n };
  const month = lengthOf(aMonthFrom(last.from));
  const length = lengthOf(last);
  return length < month ? { full: month, last: length } : { full: 1n, last: 1n };
}

function lengthOf({ from, to }: Span): bigint {
  return BigInt(to.epochMilliseconds - from.epochMilliseconds);
}

function floorShare(whole: bigint, part: bigint, total: bigint): bigint {
  const product = whole * part;
  const quotient = product / total;
  return product < 0n && product % total !== 0n ? quotient - 1n : quotient;
}
