import type { Workspace as WorkspaceInFull } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { usageOf } from '../../../api/usage.ts';
import { Panel } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';
import { Allocations } from '../../account/parts/allocations.tsx';
import { Keys } from '../../account/parts/keys.tsx';
import { People } from '../../account/parts/people.tsx';
import { Gifts } from './gifts.tsx';
import { PrivacyPanel } from './privacy-panel.tsx';
import { TermsPanel } from './terms-panel.tsx';

/** What an operator may change of a customer. */
export function WorkspaceSettings({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const usage = useQuery(usageOf(workspace.id));
  return (
    <div className="grid grid-cols-1 items-start gap-4 sm:gap-6 lg:grid-cols-2">
      <div className="lg:col-span-2">
        <TermsPanel key={JSON.stringify(workspace.overrides) + workspace.plan} workspace={workspace} usage={usage.data} />
      </div>
      <Panel title={t('Gifts')}>
        <Gifts workspace_id={workspace.id} />
      </Panel>
      <Panel title={t('Allocations')}>
        <Allocations workspace_id={workspace.id} />
      </Panel>
      <Panel title={t('People')}>
        <People workspace_id={workspace.id} />
      </Panel>
      <Panel title={t('API keys')}>
        <Keys scope={{ of: 'workspace', workspace_id: workspace.id }} />
      </Panel>
      <PrivacyPanel workspace={workspace} />
    </div>
  );
}
