import { useQuery } from '@tanstack/react-query';
import { usageOf } from '../../../api/queries.ts';
import { workspaceQuery } from '../api/operator.ts';
import type { WorkspaceInFull } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import { Allocations } from '../../account/parts/allocations.tsx';
import { AlertList } from '../../alerts/parts/alert-list.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { Keys } from '../../account/parts/keys.tsx';
import { Link } from '../../../ui/link.tsx';
import { People } from '../../account/parts/people.tsx';
import { PolicyTable } from '../../gateway/parts/policy-table.tsx';
import { Failed, Loading, Panel } from '../../../ui/states.tsx';
import { dayWords } from '../../../words/time.ts';
import { CeilingMeter, CreditMeter, SmallMeter, smallMeters } from '../../gateway/parts/stores.tsx';
import { Gifts } from '../parts/gifts.tsx';
import { LicensePanel } from '../parts/license-panel.tsx';
import { PrivacyPanel } from '../parts/privacy-panel.tsx';
import { TermsPanel } from '../parts/terms-panel.tsx';

/** One customer: what it has, what governs it and why, and what an operator may change. */
export function WorkspacePage({ id }: { readonly id: string }) {
  const workspace = useQuery(workspaceQuery(id));
  if (workspace.isPending) return <Loading what="the workspace" lines={6} />;
  if (workspace.isError)
    return (
      <>
        <h1 className="sr-only">Workspace</h1>
        <Failed error={workspace.error} retry={() => void workspace.refetch()} />
      </>
    );
  return <Found workspace={workspace.data} />;
}

function Found({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const usage = useQuery(usageOf(workspace.id));
  return (
    <>
      <Head workspace={workspace} />
      <div className="grid items-start gap-4 sm:gap-6 lg:grid-cols-2">
        <div className="grid gap-4 sm:gap-6">
          <Panel title="What is left">
            {usage.isPending ? <Loading what="its meters" lines={4} /> : null}
            {usage.isError ? <Failed error={usage.error} retry={() => void usage.refetch()} /> : null}
            {usage.data === undefined ? null : (
              <div className="grid gap-6">
                <CeilingMeter usage={usage.data} />
                <CreditMeter usage={usage.data} />
                {smallMeters(usage.data).map((meter) => (
                  <SmallMeter key={`${meter.key} ${meter.window}`} meter={meter} />
                ))}
              </div>
            )}
          </Panel>
          <Panel title="Gifts">
            <Gifts workspace_id={workspace.id} />
          </Panel>
          <Panel title="Allocations">
            <Allocations workspace_id={workspace.id} />
          </Panel>
        </div>
        <div className="grid gap-4 sm:gap-6">
          <LicensePanel workspace={workspace} />
          <Panel title="New alerts">
            <AlertList
              scope={{ operator: true, unseen: true, workspace_id: workspace.id }}
              empty={{ title: 'Nothing new', text: 'What you ticked off is under Alerts, with that of all the others.' }}
            />
          </Panel>
          <Panel title="People">
            <People workspace_id={workspace.id} />
          </Panel>
          <Panel title="Keys">
            <Keys scope={{ of: 'workspace', workspace_id: workspace.id }} />
          </Panel>
          <PrivacyPanel workspace={workspace} />
        </div>
        <div className="grid gap-4 sm:gap-6 lg:col-span-2">
          <TermsPanel key={JSON.stringify(workspace.overrides) + workspace.plan} workspace={workspace} usage={usage.data} />
          <Panel title="Where does each rule come from?">
            {usage.isPending ? <Loading what="the rules" lines={6} /> : null}
            {usage.data === undefined ? null : <PolicyTable policy={usage.data.policy} />}
          </Panel>
        </div>
      </div>
    </>
  );
}

function Head({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const now_ms = useNow(60_000);
  return (
    <div className="mb-5 px-1 sm:px-0">
      <p className="mb-1">
        <Link to="/admin/workspaces">All workspaces</Link>
      </p>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h1 className="narrow text-4xl font-semibold [overflow-wrap:anywhere]">{workspace.name}</h1>
        <span className="narrow rounded-sm border border-edge px-2 text-lg font-bold">{workspace.plan}</span>
      </div>
      <p className="mt-1 text-ink-soft">
        Since {dayWords(workspace.created_at, now_ms)} · {workspace.timezone}
        {workspace.external_id === null ? '' : ` · your id: ${workspace.external_id}`} · bought from {workspace.catalogue_version}
      </p>
      <div className="-ml-4">
        <CopyButton text={workspace.id} label="Copy its id" />
      </div>
    </div>
  );
}
