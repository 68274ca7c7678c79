import type { Workspace as WorkspaceInFull } from '@purser/api';
import { useQueryClient } from '@tanstack/react-query';
import { deleteWorkspace, exportOf } from '../../account/api/privacy.ts';
import { DeleteButton } from '../../../ui/delete-button.tsx';
import { ExportLink } from '../../../ui/export-link.tsx';
import { Panel } from '../../../ui/states.tsx';
import { navigate } from '../../../browser/route.ts';
import { t } from '../../../words/translate.ts';

/** All that is kept of a customer: to hand out, and to delete. */
export function PrivacyPanel({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const client = useQueryClient();
  return (
    <Panel title={t('Data')}>
      <p className="max-w-prose text-ink-soft">{t('Export everything stored of this workspace, or delete it.')}</p>
      <div className="mt-4 flex flex-wrap gap-2">
        <ExportLink href={exportOf(workspace.id)}>{t('Export all data')}</ExportLink>
        <DeleteButton
          label={t('Delete workspace')}
          typed={workspace.name}
          act={(typed) => deleteWorkspace(typed, workspace.id)}
          done={() => {
            navigate('/admin/workspaces');
            // Read again by whoever shows it next: what is about this workspace is not there any more.
            void client.invalidateQueries({ queryKey: ['admin'], refetchType: 'none' });
          }}
        >
          <p>{t('This cannot be undone. Export all data first.')}</p>
          <ul className="list-disc pl-5">
            <li>{t('All keys stop working at once, and all members lose access.')}</li>
            <li>{t('Remaining credits are lost; what the workspace owes stays in the ledger.')}</li>
            <li>{t('A subscription has to be ended at Stripe first.')}</li>
            <li>{t('Amounts, dates and invoice numbers stay, without any name.')}</li>
          </ul>
        </DeleteButton>
      </div>
    </Panel>
  );
}
