import { PackagePlus } from 'lucide-react';

import { type Feature, late } from '../../feature.ts';
import { t } from '../../words/translate.ts';

/** What can be bought. */
export const marketplace: Feature = {
  name: 'marketplace',
  pages: [
    {
      path: '/plan',
      title: t('Plan'),
      area: 'workspace',
      show: late(async () => (await import('./pages/plan.tsx')).PlanPage),
      tab: { order: 30, label: t('Plan'), icon: PackagePlus },
    },
  ],
};
