import type { FraudFlag } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { problemOf } from '../../../api/client.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import type { Filter } from '../../../ui/table/filters.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { formatCount } from '../../../words/amount.ts';
import { agoWords, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { acknowledgeAlert } from '../api/operator.ts';
import { FLAGS_PAGE, fraudTable } from '../api/tables.ts';

const SHOWN: Filter = {
  name: 'show',
  label: t('Show'),
  standard: 'new',
  options: [
    { value: 'new', label: t('new') },
    { value: 'all', label: t('all') },
  ],
};

/** Who spent more in an hour than the fraud threshold, and who in that workspace did. */
export function FraudQueue() {
  const state = useTableState('');
  const now_ms = useNow(30_000);
  const unseen = state.value('show') !== 'all';
  const query = useQuery({
    ...fraudTable({ unseen: unseen ? '1' : undefined, cursor: state.after }),
    select: ({ flags, next_cursor }) => ({ rows: flags, next_cursor }),
  });
  return (
    <Table
      label={t('Flags')}
      columns={flagColumns(now_ms)}
      state={state}
      query={query}
      keyOf={({ id }) => id}
      filters={[SHOWN]}
      page_size={FLAGS_PAGE}
      empty={{
        title: unseen ? t('Nothing to check') : t('No flag so far'),
        text: t('A user with too many failures in a row is blocked for a while automatically.'),
      }}
    />
  );
}

function flagColumns(now_ms: number): readonly Column<FraudFlag>[] {
  return [
    {
      key: 'workspace',
      label: t('Workspace'),
      head: true,
      cell: ({ workspace_id, user }) => (
        <>
          <WorkspaceLink id={workspace_id} />
          {user === null ? null : <span className="block font-normal text-ink-soft">{t('user {user}', { user })}</span>}
        </>
      ),
    },
    {
      key: 'credits',
      label: t('Credits in the hour'),
      align: 'right',
      cell: ({ credits }) => <strong className="text-oxide">{formatCount(credits)}</strong>,
    },
    {
      key: 'threshold',
      label: t('Fraud threshold'),
      align: 'right',
      cell: ({ credits_max }) => formatCount(credits_max),
    },
    { key: 'spenders', label: t('Spent by'), cell: ({ spenders }) => <Spenders of={spenders} /> },
    {
      key: 'at',
      label: t('Time'),
      cell: ({ from, to }) => (
        <span className="whitespace-nowrap" title={`${momentWords(from)} – ${momentWords(to)}`}>
          {agoWords(to, now_ms)}
        </span>
      ),
    },
    { key: 'checked', label: t('Checked'), cell: (flag) => <Acknowledge flag={flag} /> },
  ];
}

function Spenders({ of: spenders }: { readonly of: FraudFlag['spenders'] }) {
  return (
    <ul>
      {spenders.map(({ actor, user, credits }) => (
        <li key={`${actor} ${user ?? ''}`} className="[overflow-wrap:anywhere]">
          {user === null
            ? t('{count} by {actor}', { count: formatCount(credits), actor })
            : t('{count} by user {user} through {actor}', { count: formatCount(credits), user, actor })}
        </li>
      ))}
    </ul>
  );
}

function Acknowledge({ flag: { id, workspace_id, seen_at, seen_by } }: { readonly flag: FraudFlag }) {
  const client = useQueryClient();
  const seen = useMutation({
    mutationFn: () => acknowledgeAlert(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin'] }),
  });
  if (seen_at !== null)
    return <span className="text-ink-soft">{t('acknowledged by {who}', { who: seen_by ?? t('someone') })}</span>;
  return (
    <>
      <Button disabled={seen.isPending} onClick={() => seen.mutate()}>
        {seen.isPending ? t('Acknowledging…') : t('Acknowledge')}
        <span className="sr-only"> {workspace_id.slice(-12)}</span>
      </Button>
      {seen.isError ? <Refused problem={problemOf(seen.error)} /> : null}
    </>
  );
}
