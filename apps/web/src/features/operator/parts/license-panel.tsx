import type { Workspace as WorkspaceInFull } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf } from '../../../api/client.ts';
import { changeWorkspace, licenseRecordQuery } from '../api/operator.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { SelectField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed, Panel } from '../../../ui/states.tsx';
import { licenseWords } from '../../../words/license.ts';
import { agoWords, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

const BY_HAND = ['active', 'grace', 'cancelled'];
/** What the customer notices. */
const CONSEQUENCE: Readonly<Record<string, string>> = {
  active: 'Everything that its plan includes works again at once.',
  grace:
    'Its AI features stop at once, and calls that wait are refused. What else the plan includes goes off when the grace period is over. A payment brings all of it back.',
  cancelled:
    'Its AI features stop at once, and what else the plan includes with them. The payment provider is not told: end the subscription there as well, or it goes on charging.',
};

/** Where a license stands, what it follows from, and setting it by hand. */
export function LicensePanel({ workspace }: { readonly workspace: WorkspaceInFull }) {
  const now_ms = useNow(60_000);
  const client = useQueryClient();
  const [wanted, setWanted] = useState(workspace.license);
  const set = useMutation({
    mutationFn: () => changeWorkspace(workspace.id, { license: wanted }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin'] }),
  });
  return (
    <Panel title={t('Subscription')}>
      <p className="narrow text-2xl font-semibold">{licenseWords(workspace.license)}</p>
      <p className="text-sm text-ink-faint" title={momentWords(workspace.license_since)}>
        {t('since')} {agoWords(workspace.license_since, now_ms)}
      </p>
      <div className="mt-4 grid grid-cols-[1fr_auto] items-end gap-3">
        <SelectField
          label={t('Set manually')}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          options={BY_HAND.map((stage) => ({ value: stage, label: licenseWords(stage) }))}
        />
        <ConfirmButton
          label={set.isPending ? t('Setting…') : t('Set')}
          title={t('Set the subscription of {name} to “{wanted}”', { name: workspace.name, wanted: licenseWords(wanted) })}
          warning={CONSEQUENCE[wanted] ?? ''}
          confirm={wanted === 'cancelled' ? t('End it now') : t('Set it now')}
          kind="plain"
          busy={set.isPending}
          disabled={wanted === workspace.license}
          act={() => set.mutate()}
        />
      </div>
      {set.isError ? <Refused problem={problemOf(set.error)} /> : null}
      <History id={workspace.id} />
    </Panel>
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
