import { type Feature, late } from '../../feature.ts';
import { t } from '../../words/translate.ts';

/** The API as the server describes it, for whoever calls it. */
export const reference: Feature = {
  name: 'reference',
  pages: [
    {
      path: '/docs',
      title: t('API reference'),
      area: 'public',
      show: late(async () => (await import('./pages/reference.tsx')).ReferencePage),
    },
  ],
};
