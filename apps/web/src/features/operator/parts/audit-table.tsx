import type { AuditEntry } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { useNow } from '../../../browser/now.ts';
import { Link } from '../../../ui/link.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { decimalOf } from '../../../words/amount.ts';
import { momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { auditTable, PAGE } from '../api/tables.ts';
import { actionWords, changesOf } from '../words/audit.ts';

/** Who did what to whom, newest first: everywhere, or in one workspace. */
export function AuditTable({ workspace_id }: { readonly workspace_id?: string }) {
  const state = useTableState('');
  const now_ms = useNow(60_000);
  const query = useQuery({
    ...auditTable({ workspace_id, cursor: state.after }),
    select: ({ entries, next_cursor }) => ({ rows: entries, next_cursor }),
  });
  return (
    <Table
      label={t('Audit events')}
      columns={auditColumns(now_ms, workspace_id === undefined)}
      state={state}
      query={query}
      keyOf={({ id }) => decimalOf(id)}
      page_size={PAGE}
      empty={{
        title: t('No audit events yet'),
        text: t('Creating a workspace, changing a plan or giving credits is written down here.'),
      }}
    />
  );
}

function auditColumns(now_ms: number, with_workspace: boolean): readonly Column<AuditEntry>[] {
  return [
    {
      key: 'at',
      label: t('Time'),
      head: true,
      cell: ({ at }) => <span className="font-normal whitespace-nowrap">{momentWords(at, { now_ms })}</span>,
    },
    { key: 'actor', label: t('Who'), cell: ({ actor }) => <span className="[overflow-wrap:normal] break-words">{actor}</span> },
    {
      key: 'action',
      label: t('What'),
      cell: ({ action }) => <strong className="[overflow-wrap:normal] lg:whitespace-nowrap">{actionWords(action)}</strong>,
    },
    { key: 'target', label: t('Target'), cell: (entry) => <Target entry={entry} /> },
    ...(with_workspace
      ? [
          {
            key: 'workspace',
            label: t('Workspace'),
            cell: ({ workspace_id: id }: AuditEntry) => (id === null ? '' : <WorkspaceLink id={id} />),
          },
        ]
      : []),
    { key: 'detail', label: t('Details'), cell: ({ detail }) => <Changes detail={detail} /> },
  ];
}

/** `hold:<id>` is a transaction, which has a page; what is named after its colon is shown as it is. */
function Target({ entry: { subject, workspace_id } }: { readonly entry: AuditEntry }) {
  const [kind = '', id = ''] = subject.split(/:(.*)/s);
  if (kind === 'hold') return <Link to={`/admin/transactions/${id}`}>{t('transaction {id}', { id: id.slice(-12) })}</Link>;
  if (kind === 'workspace' && id === workspace_id) return t('the workspace');
  return (
    <>
      {kind.replaceAll('_', ' ')} <span className="text-ink-soft">{id}</span>
    </>
  );
}

function Changes({ detail }: { readonly detail: AuditEntry['detail'] }) {
  const changes = changesOf(detail);
  if (changes.length === 0) return null;
  return (
    <ul className="text-sm text-ink-soft">
      {changes.map((change) => (
        <li key={change}>{change}</li>
      ))}
    </ul>
  );
}
