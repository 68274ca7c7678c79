const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/**
 * A time as a message says it: `1 March, 00:00 (Asia/Kathmandu)`, with the year when it is not that of `now` there. Without
 * `now` the year always stands, for a message that is read later.
 */
export function localTime(at: Temporal.Instant, timezone: string, now?: Temporal.Instant): string {
  const local = at.toZonedDateTimeISO(timezone);
  const year = now?.toZonedDateTimeISO(timezone).year === local.year ? '' : ` ${local.year}`;
  const time = local.toPlainTime().toString({ smallestUnit: 'minute' });
  return `${local.day} ${MONTHS[local.month - 1] ?? ''}${year}, ${time} (${timezone})`;
}
