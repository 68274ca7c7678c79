import { contentKeys } from './text.ts';

export const DIMENSIONS_DEFAULT = 256;
export const DIMENSIONS_MAX = 4096;

/**
 * A vector of unit length from hashed features (Weinberger et al., 2009): content words and their character trigrams, each
 * adding ±1 at a hashed place. Equal texts get equal vectors, texts that share words get near ones; it knows no synonyms.
 */
export function embedText(text: string, dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const key of contentKeys(text)) {
    add(vector, `w:${key}`, 2);
    const characters = Array.from(`^${key}$`);
    for (let at = 0; at + 3 <= characters.length; at += 1) add(vector, `t:${characters.slice(at, at + 3).join('')}`, 1);
  }
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function add(vector: number[], feature: string, weight: number): void {
  const hash = fnv1a(feature);
  const place = (hash >>> 1) % vector.length;
  vector[place] = (vector[place] ?? 0) + (hash & 1 ? weight : -weight);
}

/** FNV-1a, 32 bits, over UTF-16 units: the same on every machine. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
