import type { Workspace as WorkspaceInFull } from '@purser/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changeWorkspace, licenseRecordQuery } from '../api/operator.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { FormView, SelectInput, useForm } from '../../../ui/form/form.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed, Panel } from '../../../ui/states.tsx';
import { licenseWords } from '../../../words/license.ts';
import { agoWords, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

const BY_HAND = ['active', 'grace', 'cancelled'];
/** What the customer notices. */
const CONSEQUENCE: Readonly<Record<string, string>> = {
  active: t('Everything that its plan includes works again at once.'),
  grace: t(
    'Its AI features stop at once, and calls that wait are refused. What else the plan includes goes off when the grace period is over. A payment brings all of it back.',
  ),
  cancelled: t(
    'Its AI features stop at once, and what else the plan includes with them. The payment provider is not told: end the subscription there as well, or it goes on charging.',
  ),
};

/** Where a license stands, what it follows from, and setting it by hand. */
export function LicensePanel({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const now_ms = useNow(60_000);
  return (
    <Panel title={t('Subscription')}>
      <p className="narrow text-2xl font-semibold">{licenseWords(workspace.license)}</p>
      <p className="text-sm text-ink-faint" title={momentWords(workspace.license_since)}>
        {t('since')} {agoWords(workspace.license_since, now_ms)}
      </p>
      <div className="mt-4">
        <SetForm key={workspace.license} workspace={workspace} />
      </div>
      <History id={workspace.id} />
    </Panel>
  );
}

function SetForm({ workspace: { id, name, license } }: { readonly workspace: WorkspaceInFull }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const [initial] = useState({ license });
  const form = useForm<'license'>({
    initial,
    ready: () => {
      setAsked(true);
      return false;
    },
    save: async (values) => {
      await changeWorkspace(id, values);
      await client.invalidateQueries({ queryKey: ['admin'] });
    },
  });
  const wanted = form.values.license;
  return (
    <>
      <FormView form={form} label={t('Set')} busy_label={t('Setting…')} disabled={wanted === license}>
        <SelectInput
          form={form}
          name="license"
          label={t('Set manually')}
          options={[...new Set([license, ...BY_HAND])].map((stage) => ({ value: stage, label: licenseWords(stage) }))}
        />
      </FormView>
      {asked ? (
        <ConfirmDialog
          title={t('Set the subscription of {name} to “{wanted}”', { name, wanted: licenseWords(wanted) })}
          confirm={wanted === 'cancelled' ? t('End it now') : t('Set it now')}
          busy={form.busy}
          act={() => {
            setAsked(false);
            form.send();
          }}
          close={() => setAsked(false)}
        >
          <p>{CONSEQUENCE[wanted] ?? ''}</p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}

function History({ id }: { readonly id: string }) {
  const record = useQuery(licenseRecordQuery(id));
  if (record.isPending) return <Loading what={t('its history')} lines={2} />;
  if (record.isError) return <Failed error={record.error} retry={() => void record.refetch()} />;
  if (record.data.changes.length === 0) return <p className="mt-4 text-ink-soft">{t('No changes: no payment failed so far.')}</p>;
  return (
    <ul className="mt-4 divide-y divide-rule border-y border-rule">
      {record.data.changes.map((change) => (
        <li key={`${change.at} ${change.to}`} className="grid grid-cols-[1fr_auto] gap-x-4 py-2 text-[0.9375rem]">
          <p>
            <strong>{licenseWords(change.to)}</strong>
          </p>
          <p className="text-sm text-ink-faint">{momentWords(change.at)}</p>
          <p className="col-span-2 text-sm [overflow-wrap:anywhere] text-ink-soft">
            {change.why} {change.reference}
          </p>
        </li>
      ))}
    </ul>
  );
}
