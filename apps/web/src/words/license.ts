import { t } from './translate.ts';
const WORDS: Record<string, string> = {
  active: t('Active'),
  grace: t('Past due'),
  degraded: t('Past due: grace period over'),
  cancelled: t('Ended'),
};

/** Where a license stands, for a reader; a stage the page does not know is said as it came. */
export function licenseWords(stage: string): string {
  return (Object.hasOwn(WORDS, stage) ? WORDS[stage] : undefined) ?? stage.replaceAll('_', ' ');
}
