import type { Person, SessionWorkspace } from '@purser/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteAccount, deleteWorkspace, EXPORT_PERSON, EXPORT_WORKSPACE } from '../api/privacy.ts';
import { sessionQuery } from '../../../api/queries.ts';
import { DeleteButton } from '../../../ui/delete-button.tsx';
import { ExportLink } from '../../../ui/export-link.tsx';
import { Empty, PageHead, Panel } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

/** What is kept of the workspace and of the reader: to take along, and to delete. */
export function SettingsPage() {
  const session = useQuery(sessionQuery).data ?? undefined;
  if (session === undefined) return null;
  const { person } = session;
  const workspace = session.kind === 'person' ? null : session.workspace;
  return (
    <>
      <PageHead title={t('Settings')}>{t('Export what is stored here, or delete it permanently.')}</PageHead>
      <div className="grid gap-4 sm:gap-6">
        {workspace === null ? null : <WorkspaceData workspace={workspace} owner={person?.role === 'owner'} />}
        {person === undefined ? null : <Account person={person} />}
      </div>
    </>
  );
}

function WorkspaceData({ workspace, owner }: { readonly workspace: SessionWorkspace; readonly owner: boolean }) {
  const client = useQueryClient();
  if (!owner)
    return (
      <Panel title={workspace.name}>
        <Empty title={t('Only owners export or delete a workspace')}>
          {t('Sign in by email as an owner, or ask one of them.')}
        </Empty>
      </Panel>
    );
  return (
    <Panel title={workspace.name}>
      <p className="max-w-prose text-ink-soft">
        {t(
          'One ZIP archive with everything: members, keys without their secrets, calls, ledger, credits, purchases, limits, alerts and the audit log.',
        )}
      </p>
      <div className="mt-4 flex flex-wrap gap-2">
        <ExportLink href={EXPORT_WORKSPACE}>{t('Export all data')}</ExportLink>
        <DeleteButton
          label={t('Delete workspace')}
          typed={workspace.name}
          act={(typed) => deleteWorkspace(typed)}
          // The session may go on in another workspace, or be over.
          done={() => void client.resetQueries()}
        >
          <p>{t('This cannot be undone. Export all data first.')}</p>
          <ul className="list-disc pl-5">
            <li>{t('All keys stop working at once, and all members lose access.')}</li>
            <li>{t('Remaining credits are lost. A subscription has to be ended first.')}</li>
            <li>{t('Members who belong to no other workspace lose their account too.')}</li>
            <li>{t('Amounts, dates and invoice numbers stay in the ledger, without any name.')}</li>
          </ul>
        </DeleteButton>
      </div>
    </Panel>
  );
}

function Account({ person }: { readonly person: Person }) {
  const client = useQueryClient();
  const [too, setToo] = useState(false);
  const owns = person.workspaces.some(({ role }) => role === 'owner');
  return (
    <Panel
      title={t('Your account')}
      aside={<span className="[overflow-wrap:anywhere] text-ink-soft">{person.email ?? t('no email yet')}</span>}
    >
      <p className="max-w-prose text-ink-soft">
        {t('Your email address, memberships and invitations, and what the audit log says of you.')}
      </p>
      <div className="mt-4 flex flex-wrap gap-2">
        <ExportLink href={EXPORT_PERSON}>{t('Export my data')}</ExportLink>
        <DeleteButton
          label={t('Delete my account')}
          typed={person.email ?? 'delete'}
          act={(typed) => deleteAccount(typed, too)}
          done={() => client.setQueryData(sessionQuery.queryKey, null)}
        >
          <p>{t('This cannot be undone. You are signed out on every device and leave all your workspaces.')}</p>
          {owns ? (
            <label className="flex items-start gap-3">
              <input type="checkbox" className="mt-1 size-5" checked={too} onChange={(event) => setToo(event.target.checked)} />
              <span>
                {t(
                  'Also delete the workspaces that nobody else owns, with everything in them. Without this, make somebody else an owner first.',
                )}
              </span>
            </label>
          ) : null}
        </DeleteButton>
      </div>
    </Panel>
  );
}
