import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { problemOf } from '../../../api/client.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Panel } from '../../../ui/states.tsx';
import { type Filter, Filters } from '../../../ui/table/filters.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { named, t } from '../../../words/translate.ts';
import { acknowledge, alertGroupsQuery, alertKindsQuery, type AlertSearch } from '../api/alerts.ts';
import { alertCountQuery, alertsKey } from '../api/count.ts';
import { AlertList } from './alert-list.tsx';

const SHOWN: Filter = {
  name: 'show',
  label: t('Show'),
  standard: 'new',
  options: [
    { value: 'new', label: t('new') },
    { value: 'all', label: t('all') },
  ],
};

const SEVERITIES: Filter = {
  name: 'severity',
  label: t('Severity'),
  options: [
    { value: 'critical', label: t('critical') },
    { value: 'warning', label: t('warning') },
    { value: 'info', label: t('information') },
  ],
};

interface Props {
  readonly operator: boolean;
  /** What would show here. */
  readonly empty: string;
}

/** Alerts, filtered as the address says; all that the filter shows are acknowledged at once. */
export function AlertPanel({ operator, empty }: Props) {
  const state = useTableState('');
  const client = useQueryClient();
  const unseen = state.value('show') !== 'all';
  const filter = { ...wanted('kind', state.value('kind')), ...wanted('severity', state.value('severity')) };
  const search: AlertSearch = { unseen, ...filter, cursor: state.after };
  const page = useQuery(alertGroupsQuery({ operator }, search));
  const count = useQuery(alertCountQuery(operator));
  const newest = page.data?.groups[0]?.newest;
  const all = useMutation({
    mutationFn: (through: string) => acknowledge(operator, { through, ...filter }),
    onSuccess: () => client.invalidateQueries({ queryKey: alertsKey(operator) }),
  });
  const next = page.data?.next_cursor ?? null;
  const filtered = Object.keys(filter).length > 0;
  return (
    <Panel
      title={t('Alerts')}
      aside={
        newest === undefined || state.page > 1 || (count.data?.unseen ?? 0) === 0 ? null : (
          <ConfirmButton
            kind="plain"
            label={filtered ? t('Acknowledge all shown') : t('Acknowledge all')}
            title={filtered ? t('Acknowledge all that this filter shows') : t('Acknowledge all alerts')}
            warning={t(
              'They leave the list of new alerts, on every page of it, and stay under “all”. What is raised from now on is new.',
            )}
            confirm={t('Acknowledge them')}
            busy={all.isPending}
            act={() => all.mutate(newest)}
          />
        )
      }
    >
      <Filters label={t('Alerts')} filters={[SHOWN, useKinds(), SEVERITIES]} search={undefined} state={state}>
        {null}
      </Filters>
      {all.isError ? <Refused problem={problemOf(all.error)} /> : null}
      <AlertList
        scope={{ operator }}
        search={search}
        empty={{ title: unseen ? t('No new alerts') : t('No alerts yet'), text: empty }}
      />
      {state.page === 1 && next === null ? null : (
        <div className="mt-3 flex justify-end gap-2">
          <Button disabled={state.page === 1} onClick={state.previous}>
            {t('Newer')}
          </Button>
          <Button disabled={next === null} onClick={() => next !== null && state.next(next)}>
            {t('Older')}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function useKinds(): Filter {
  const kinds = useQuery(alertKindsQuery);
  const options = kinds.data?.map(({ kind, title }) => ({ value: kind, label: named(title) })) ?? [];
  return { name: 'kind', label: t('Kind'), options };
}

function wanted(name: 'kind' | 'severity', value: string): { readonly [key in typeof name]?: string } {
  return value === '' ? {} : { [name]: value };
}
