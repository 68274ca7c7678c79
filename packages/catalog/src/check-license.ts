import type { Catalog } from './catalog.ts';
import type { Report } from './report.ts';

/** The first step is taken at once, the others in their order and not before the grace is over; each feature goes once. */
export function checkLicense({ license: { grace_days, degrade } }: Catalog, report: Report): void {
  const gone = new Set<string>();
  let before = 0;
  for (const [index, { features, days }] of degrade.entries()) {
    const at = ['license', 'degrade', index];
    if (index === 0 && days !== 0) report([...at, 'days'], String(days), '0: the first step is taken at once');
    const least = index === 0 ? 0 : Math.max(grace_days, before);
    if (days < least)
      report([...at, 'days'], String(days), `at least ${least}: after the grace, and no earlier than the step before`);
    before = days;
    for (const feature of features) {
      if (gone.has(feature)) report(at, `'${feature}' a second time`, 'each once');
      gone.add(feature);
    }
  }
}
