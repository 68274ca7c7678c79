/** What a change notice names. */
export type Change = { readonly of: 'workspace'; readonly id: string } | { readonly of: 'key'; readonly sha256_hex: string };

export const CHANNEL = 'purser_identity';

export function parseChange(payload: string): Change | undefined {
  const [of, id] = payload.split(' ');
  if (of === 'workspace' && id) return { of, id };
  if (of === 'key' && id) return { of, sha256_hex: id };
  return undefined;
}
