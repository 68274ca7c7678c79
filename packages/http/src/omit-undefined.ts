type Present<T extends object> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** The members that are there: what a caller leaves out is absent for the packages, not undefined. */
export function omitUndefined<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
}
