import { Gauge, ListOrdered, PenLine, ReceiptText } from 'lucide-react';

import { type Feature, late } from '../../feature.ts';
import { t } from '../../words/translate.ts';
import { TryPage } from './pages/try.tsx';

/** What is spent: trying a call, what is left, the calls and the credits. */
export const gateway: Feature = {
  name: 'gateway',
  pages: [
    { path: '/', title: t('Try it'), area: 'workspace', show: TryPage, tab: { order: 10, label: t('Try it'), icon: PenLine } },
    {
      path: '/usage',
      title: t('Usage'),
      area: 'workspace',
      show: late(async () => (await import('./pages/usage.tsx')).UsagePage),
      tab: { order: 20, label: t('Usage'), icon: Gauge },
    },
    {
      path: '/calls',
      title: t('Calls'),
      area: 'workspace',
      show: late(async () => (await import('./pages/calls.tsx')).CallsPage),
      tab: { order: 40, label: t('Calls'), icon: ListOrdered },
    },
    {
      path: '/statement',
      title: t('Statement'),
      area: 'workspace',
      show: late(async () => (await import('./pages/statement.tsx')).StatementPage),
      tab: { order: 50, label: t('Statement'), icon: ReceiptText },
    },
  ],
};
