/** Those whose label has every word that was typed, where a word begins before where it does not; all of them when nothing was typed. */
export function matching<Item extends { readonly label: string }>(items: readonly Item[], typed: string): readonly Item[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const rankOf = (label: string): number => {
    const text = ` ${label.toLowerCase()}`;
    if (!words.every((word) => text.includes(word))) return 0;
    return words.every((word) => text.includes(` ${word}`)) ? 2 : 1;
  };
  return items
    .map((item) => ({ item, rank: rankOf(item.label) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank)
    .map(({ item }) => item);
}
