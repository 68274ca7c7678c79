import {
  BookOpenText,
  Building2,
  ChartLine,
  Flag,
  KeyRound,
  LayoutDashboard,
  ReceiptText,
  ScrollText,
  Split,
  TrendingDown,
  type LucideIcon,
} from 'lucide-react';
import type { ComponentType } from 'react';

import type { Path } from '../../browser/route.ts';
import { type Feature, late, type Page, type PageProps } from '../../feature.ts';
import { t } from '../../words/translate.ts';

/** A page of the console with its tab. */
function page(order: number, path: Path, title: string, icon: LucideIcon, load: () => Promise<ComponentType<PageProps>>): Page {
  return { path, title, area: 'operator', show: late(load), tab: { order, label: title, icon } };
}

const workspace = late(async () => (await import('./pages/workspace.tsx')).WorkspacePage);

/** The console of those who run the installation. */
export const operator: Feature = {
  name: 'operator',
  pages: [
    page(10, '/admin', t('Overview'), LayoutDashboard, async () => (await import('./pages/overview.tsx')).OverviewPage),
    page(
      20,
      '/admin/workspaces',
      t('Workspaces'),
      Building2,
      async () => (await import('./pages/workspaces.tsx')).WorkspacesPage,
    ),
    page(30, '/admin/margin', t('Margin'), ChartLine, async () => (await import('./pages/margin.tsx')).MarginPage),
    page(50, '/admin/ledger', t('Ledger'), BookOpenText, async () => (await import('./pages/ledger.tsx')).LedgerPage),
    page(60, '/admin/audit', t('Audit log'), ScrollText, async () => (await import('./pages/audit.tsx')).AuditPage),
    page(70, '/admin/fraud', t('Fraud'), Flag, async () => (await import('./pages/fraud.tsx')).FraudPage),
    page(
      80,
      '/admin/throttling',
      t('Throttling'),
      TrendingDown,
      async () => (await import('./pages/throttling.tsx')).ThrottlingPage,
    ),
    page(90, '/admin/rollouts', t('Roll-outs'), Split, async () => (await import('./pages/rollouts.tsx')).RolloutsPage),
    page(
      100,
      '/admin/reconciliation',
      t('Reconciliation'),
      ReceiptText,
      async () => (await import('./pages/reconciliation.tsx')).ReconciliationPage,
    ),
    page(110, '/admin/keys', t('API keys'), KeyRound, async () => (await import('./pages/keys.tsx')).PlatformKeysPage),
    { path: '/admin/workspaces/:id', title: t('Workspace'), area: 'operator', show: workspace },
    { path: '/admin/workspaces/:id/:tab', title: t('Workspace'), area: 'operator', show: workspace },
    {
      path: '/admin/transactions/:id',
      title: t('Transaction'),
      area: 'operator',
      show: late(async () => (await import('./pages/transaction.tsx')).TransactionPage),
    },
  ],
};
