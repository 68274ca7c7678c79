import { t } from './translate.ts';
const WORDS: Record<string, string> = {
  ai: 'AI',
  api: t('API access'),
  campaigns: t('Email campaigns'),
  dedicated_models: t('Models of your own'),
  images: t('Images'),
  publishing: t('Publishing'),
  reports: t('Reports'),
  speech: t('Speech'),
  studio: t('The studio'),
  suite: t('The business suite'),
  sync: t('Sync'),
  teams: t('Teams'),
};

/** A plan’s feature as a reader calls it; one the page does not know is said as it came. */
export function featureWords(feature: string): string {
  const known = Object.hasOwn(WORDS, feature) ? WORDS[feature] : undefined;
  if (known !== undefined) return known;
  const words = feature.replaceAll(/[_.-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
