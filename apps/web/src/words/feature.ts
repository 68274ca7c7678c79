const WORDS: Record<string, string> = {
  ai: 'AI',
  api: 'API access',
  campaigns: 'E-mail campaigns',
  dedicated_models: 'Models of your own',
  images: 'Images',
  publishing: 'Publishing',
  reports: 'Reports',
  speech: 'Speech',
  studio: 'The studio',
  suite: 'The business suite',
  sync: 'Sync',
  teams: 'Teams',
};

/** A plan’s feature as a reader calls it; one the page does not know is said as it came. */
export function featureWords(feature: string): string {
  const known = Object.hasOwn(WORDS, feature) ? WORDS[feature] : undefined;
  if (known !== undefined) return known;
  const words = feature.replaceAll(/[_.-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
