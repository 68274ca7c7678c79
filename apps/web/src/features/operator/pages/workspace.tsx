import type { Workspace as WorkspaceInFull } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';

import { usageOf } from '../../../api/usage.ts';
import { workspaceQuery } from '../../../api/workspaces.ts';
import { useNow } from '../../../browser/now.ts';
import type { Path } from '../../../browser/route.ts';
import type { PageProps } from '../../../feature.ts';
import { CopyButton } from '../../../ui/copy.tsx';
import { Link } from '../../../ui/link.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, Panel } from '../../../ui/states.tsx';
import { SubTabs } from '../../../ui/tabs.tsx';
import { dayWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { AlertList } from '../../alerts/parts/alert-list.tsx';
import { CallTable } from '../../gateway/parts/calls.tsx';
import { DailyUsage } from '../../gateway/parts/daily-usage.tsx';
import { PolicyTable } from '../../gateway/parts/policy-table.tsx';
import { CeilingMeter, CreditMeter, SmallMeter, smallMeters } from '../../gateway/parts/stores.tsx';
import { AuditTable } from '../parts/audit-table.tsx';
import { EntryTable } from '../parts/entry-table.tsx';
import { LicensePanel } from '../parts/license-panel.tsx';

const Settings = lazy(async () => ({ default: (await import('../parts/workspace-settings.tsx')).WorkspaceSettings }));

const TABS = {
  overview: t('Overview'),
  usage: t('Usage'),
  calls: t('Calls'),
  ledger: t('Ledger'),
  settings: t('Settings'),
  audit: t('Audit log'),
} as const;
type Tab = keyof typeof TABS;

/** One customer: what it has, what it did, what governs it and why, and what an operator may change. */
export function WorkspacePage({ parameters }: PageProps) {
  const workspace = useQuery(workspaceQuery(parameters['id'] ?? ''));
  if (workspace.isPending) return <Loading what={t('the workspace')} lines={6} />;
  if (workspace.isError)
    return (
      <>
        <h1 className="sr-only">{t('Workspace')}</h1>
        <Failed error={workspace.error} retry={() => void workspace.refetch()} />
      </>
    );
  const tab = parameters['tab'] ?? 'overview';
  return <Found workspace={workspace.data} tab={Object.hasOwn(TABS, tab) ? (tab as Tab) : undefined} />;
}

function Found({ workspace, tab }: { readonly workspace: WorkspaceInFull; readonly tab: Tab | undefined }) {
  const pathOf = (of: string): Path =>
    of === 'overview' ? `/admin/workspaces/${workspace.id}` : `/admin/workspaces/${workspace.id}/${of}`;
  return (
    <>
      <Head workspace={workspace} />
      <SubTabs
        label={t('Parts of the workspace')}
        tabs={Object.entries(TABS).map(([name, label]) => ({ path: pathOf(name), label }))}
        current={pathOf(tab ?? '')}
      />
      <Suspense fallback={<Loading what={workspace.name} lines={6} />}>
        {tab === undefined ? (
          <Empty title={t('Page not found')}>
            <Link to={pathOf('overview')}>{t('Go to the overview')}</Link>
          </Empty>
        ) : (
          <Part key={tab} tab={tab} workspace={workspace} />
        )}
      </Suspense>
    </>
  );
}

function Part({ tab, workspace }: { readonly tab: Tab; readonly workspace: WorkspaceInFull }) {
  switch (tab) {
    case 'overview':
      return <Overview workspace={workspace} />;
    case 'usage':
      return <Usage workspace_id={workspace.id} />;
    case 'calls':
      return (
        <Panel title={t('Calls')}>
          <CallTable workspace_id={workspace.id} />
        </Panel>
      );
    case 'ledger':
      return (
        <Panel title={t('Ledger entries')}>
          <EntryTable workspace_id={workspace.id} />
        </Panel>
      );
    case 'settings':
      return <Settings workspace={workspace} />;
    case 'audit':
      return (
        <Panel title={t('Audit events')}>
          <AuditTable workspace_id={workspace.id} />
        </Panel>
      );
    default: {
      const never: never = tab;
      return never;
    }
  }
}

function Overview({ workspace }: { readonly workspace: WorkspaceInFull }) {
  return (
    <div className="grid grid-cols-1 items-start gap-4 sm:gap-6 lg:grid-cols-2">
      <Panel title={t('Limits')}>
        <Meters workspace_id={workspace.id} />
      </Panel>
      <div className="grid grid-cols-1 gap-4 sm:gap-6">
        <LicensePanel workspace={workspace} />
        <Panel title={t('New alerts')}>
          <AlertList
            scope={{ operator: true, workspace_id: workspace.id }}
            search={{ unseen: true }}
            empty={{ title: t('No new alerts'), text: t('What was acknowledged is under Alerts.') }}
          />
        </Panel>
      </div>
    </div>
  );
}

function Meters({ workspace_id }: { readonly workspace_id: string }) {
  const usage = useQuery(usageOf(workspace_id));
  if (usage.isPending) return <Loading what={t('its limits')} lines={4} />;
  if (usage.isError) return <Failed error={usage.error} retry={() => void usage.refetch()} />;
  return (
    <div className="grid gap-6">
      <CeilingMeter usage={usage.data} />
      <CreditMeter usage={usage.data} />
      {smallMeters(usage.data).map((meter) => (
        <SmallMeter key={`${meter.key} ${meter.window}`} meter={meter} />
      ))}
    </div>
  );
}

function Usage({ workspace_id }: { readonly workspace_id: string }) {
  const usage = useQuery(usageOf(workspace_id));
  return (
    <div className="grid grid-cols-1 gap-4 sm:gap-6">
      <Panel title={t('Day by day')}>
        <DailyUsage workspace_id={workspace_id} />
      </Panel>
      <Panel title={t('Every rule and where it comes from')}>
        {usage.isPending ? <Loading what={t('the rules')} lines={6} /> : null}
        {usage.isError ? <Failed error={usage.error} retry={() => void usage.refetch()} /> : null}
        {usage.data === undefined ? null : <PolicyTable policy={usage.data.policy} />}
      </Panel>
    </div>
  );
}

function Head({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const now_ms = useNow(60_000);
  const { name, plan, created_at, timezone, external_id, catalogue_version } = workspace;
  const facts = [
    t('Since {day}', { day: dayWords(created_at, now_ms) }),
    timezone,
    ...(external_id === null ? [] : [t('your id: {id}', { id: external_id })]),
    t('catalog {version}', { version: catalogue_version }),
  ];
  return (
    <div className="mb-4 px-1 sm:px-0">
      <p className="mb-1">
        <Link to="/admin/workspaces">{t('All workspaces')}</Link>
      </p>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h1 className="narrow text-4xl font-semibold [overflow-wrap:anywhere]">{name}</h1>
        <span className="narrow rounded-sm border border-edge px-2 text-lg font-bold">{plan}</span>
        <CopyButton text={workspace.id} label={t('Copy the id')} />
      </div>
      <p className="mt-1 [overflow-wrap:anywhere] text-ink-soft">{facts.join(' · ')}</p>
    </div>
  );
}
