/** Written as a path, and without what browsers drop, or take for a slash, before they resolve it. */
const WRITTEN_AS_PATH = /^\/(?!\/)[^\s\\\p{Cc}]*$/u;

/**
 * Where an address that somebody else wrote leads on the site at `site`: path, query and fragment as a browser resolves and writes
 * them, or undefined when it leads anywhere else. The one judge of every address that is redirected to or put into a letter. What it
 * returns never begins with two slashes: `/.//elsewhere` is a path on this site until it is sent by itself.
 */
export function ownPath(given: string, site: string): string | undefined {
  if (!WRITTEN_AS_PATH.test(given) || !URL.canParse(given, site)) return undefined;
  const { origin } = new URL(site);
  const resolved = new URL(given, origin);
  if (resolved.origin !== origin || resolved.pathname.includes('//')) return undefined;
  return resolved.pathname + resolved.search + resolved.hash;
}
