import { KeyRound, Settings, Users } from 'lucide-react';

import { type Feature, late } from '../../feature.ts';
import { t } from '../../words/translate.ts';

/** People, keys, and what is stored of them. */
export const account: Feature = {
  name: 'account',
  pages: [
    {
      path: '/members',
      title: t('Members'),
      area: 'workspace',
      show: late(async () => (await import('./pages/members.tsx')).MembersPage),
      tab: { order: 70, label: t('Members'), icon: Users },
      without_workspace: true,
    },
    {
      path: '/keys',
      title: t('API keys'),
      area: 'workspace',
      show: late(async () => (await import('./pages/keys.tsx')).KeysPage),
      tab: { order: 80, label: t('API keys'), icon: KeyRound },
    },
    {
      path: '/settings',
      title: t('Settings'),
      area: 'workspace',
      show: late(async () => (await import('./pages/settings.tsx')).SettingsPage),
      tab: { order: 90, label: t('Settings'), icon: Settings },
      without_workspace: true,
    },
  ],
};
