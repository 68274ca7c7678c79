/** A time as Postgres writes it: its years before 1 end in `BC`, and those of five digits have no sign. */
export function instantOfPostgres(text: string): Temporal.Instant {
  const [, year = '', rest = '', before] = /^(\d+)(-.*?)( BC)?$/.exec(text) ?? [];
  if (year.length === 4 && before === undefined) return Temporal.Instant.from(text);
  const signed = before === undefined ? Number(year) : 1 - Number(year);
  return Temporal.Instant.from(`${signed < 0 ? '-' : '+'}${String(Math.abs(signed)).padStart(6, '0')}${rest}`);
}
