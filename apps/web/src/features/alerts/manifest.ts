import { Siren } from 'lucide-react';

import { type Feature, late } from '../../feature.ts';
import { t } from '../../words/translate.ts';
import { OperatorBadge, WorkspaceBadge } from './parts/badge.tsx';

/** What somebody should know, and where it is sent. */
export const alerts: Feature = {
  name: 'alerts',
  pages: [
    {
      path: '/alerts',
      title: t('Alerts'),
      area: 'workspace',
      show: late(async () => (await import('./pages/alerts.tsx')).AlertsPage),
      tab: { order: 60, label: t('Alerts'), icon: Siren, badge: WorkspaceBadge },
    },
    {
      path: '/admin/alerts',
      title: t('Alerts'),
      area: 'operator',
      show: late(async () => (await import('./pages/operator-alerts.tsx')).OperatorAlertsPage),
      tab: { order: 40, label: t('Alerts'), icon: Siren, badge: OperatorBadge },
    },
  ],
};
