import type { CreatedWorkspace, Plan, Workspace } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';

import { plansQuery } from '../../../api/sale.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Link } from '../../../ui/link.tsx';
import { PageHead, Panel } from '../../../ui/states.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { licenseWords } from '../../../words/license.ts';
import { dayWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { KeyOnce } from '../../account/parts/key-once.tsx';
import { PAGE, workspacesCsv, workspaceTable } from '../api/tables.ts';
import { CreateWorkspace } from '../parts/create-workspace.tsx';

/** The customers, and making another. */
export function WorkspacesPage() {
  const [created, setCreated] = useState<CreatedWorkspace>();
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHead
        title={t('Workspaces')}
        aside={
          creating || created !== undefined ? null : (
            <Button kind="act" onClick={() => setCreating(true)}>
              <Plus size={18} aria-hidden="true" /> {t('Create workspace')}
            </Button>
          )
        }
      >
        {t('A workspace is one customer: what is billed, limited and isolated.')}
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        {created !== undefined ? (
          <KeyOnce of={created.name} secret={created.key} done={() => setCreated(undefined)} />
        ) : creating ? (
          <CreateWorkspace
            cancel={() => setCreating(false)}
            done={(workspace) => {
              setCreating(false);
              setCreated(workspace);
            }}
          />
        ) : null}
        <Panel title={t('All workspaces')}>
          <WorkspaceTable />
        </Panel>
      </div>
    </>
  );
}

const LICENSES = ['active', 'grace', 'cancelled'];

function WorkspaceTable() {
  const now_ms = useNow(60_000);
  const state = useTableState('-created_at');
  const plans = useQuery(plansQuery);
  const wanted = { search: state.value('q'), plan: state.value('plan'), license: state.value('license'), sort: state.sort };
  const query = useQuery({
    ...workspaceTable({ ...wanted, cursor: state.after }),
    select: ({ workspaces, total, next_cursor }) => ({ rows: workspaces, total, next_cursor }),
  });
  return (
    <Table
      label={t('Workspaces')}
      columns={columnsFor(plans.data ?? [], now_ms)}
      state={state}
      query={query}
      keyOf={({ id }) => id}
      open={({ id }) => `/admin/workspaces/${id}`}
      search={t('Name, id or your own id')}
      filters={[
        { name: 'plan', label: t('Plan'), options: (plans.data ?? []).map(({ code, name }) => ({ value: code, label: name })) },
        { name: 'license', label: t('Subscription'), options: LICENSES.map((value) => ({ value, label: licenseWords(value) })) },
      ]}
      csv={workspacesCsv(wanted)}
      page_size={PAGE}
      empty={{ title: t('No workspaces yet'), text: t('Create one, and give its key to your customer’s app.') }}
    />
  );
}

function LicenseWords({ stage }: { readonly stage: string }) {
  return <span className={stage === 'active' ? '' : 'font-semibold text-oxide'}>{licenseWords(stage)}</span>;
}

function columnsFor(plans: readonly Plan[], now_ms: number): readonly Column<Workspace>[] {
  return [
    {
      key: 'name',
      label: t('Name'),
      sort: 'name',
      head: true,
      cell: ({ id, name }) => <Link to={`/admin/workspaces/${id}`}>{name}</Link>,
    },
    { key: 'plan', label: t('Plan'), sort: 'plan', cell: ({ plan }) => plans.find(({ code }) => code === plan)?.name ?? plan },
    { key: 'license', label: t('Subscription'), sort: 'license', cell: ({ license }) => <LicenseWords stage={license} /> },
    { key: 'external', label: t('Your id'), wide: true, cell: ({ external_id }) => external_id ?? '' },
    {
      key: 'created',
      label: t('Created'),
      sort: 'created_at',
      first: 'down',
      align: 'right',
      cell: ({ created_at }) => dayWords(created_at, now_ms),
    },
  ];
}
