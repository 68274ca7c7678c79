const WORDS: Record<string, string> = {
  active: 'In good standing',
  grace: 'A payment failed: time to pay',
  degraded: 'A payment failed: the time to pay is over',
  cancelled: 'Subscription ended',
};

/** Where a license stands, for a reader; a stage the page does not know is said as it came. */
export function licenseWords(stage: string): string {
  return (Object.hasOwn(WORDS, stage) ? WORDS[stage] : undefined) ?? stage.replaceAll('_', ' ');
}
