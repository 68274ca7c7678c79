import type { Undelivered } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { problemOf } from '../../../api/client.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { PageHead, Panel } from '../../../ui/states.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { formatCount } from '../../../words/amount.ts';
import { agoWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { sendAgain, UNDELIVERED_PAGE, undeliveredQuery } from '../api/alerts.ts';
import { AlertPanel } from '../parts/alert-panel.tsx';
import { AlertSettings } from '../parts/alert-settings.tsx';

/** What the operator should know: of every workspace, of the platform, and of messages that could not be delivered. */
export function OperatorAlertsPage() {
  return (
    <>
      <PageHead title={t('Alerts')}>
        {t('Of every workspace and of the platform itself, newest first. What is about one thing stands together.')}
      </PageHead>
      <div className="grid grid-cols-1 gap-4 sm:gap-6">
        <AlertPanel
          operator
          empty={t('A limit nearly used up, an unusual hour, unresolved cost: it shows here as soon as it is booked.')}
        />
        <Panel title={t('Undelivered messages')}>
          <UndeliveredTable />
        </Panel>
        <Panel title={t('Notifications')}>
          <AlertSettings operator />
        </Panel>
      </div>
    </>
  );
}

function UndeliveredTable() {
  const state = useTableState('', 'undelivered_');
  const now_ms = useNow(60_000);
  const query = useQuery({
    ...undeliveredQuery(state.after),
    select: ({ messages, next_cursor }) => ({ rows: messages, next_cursor }),
  });
  return (
    <Table
      label={t('Undelivered messages')}
      columns={messageColumns(now_ms)}
      state={state}
      query={query}
      keyOf={({ id }) => id}
      page_size={UNDELIVERED_PAGE}
      empty={{
        title: t('All delivered'),
        text: t('A message that no attempt could deliver waits here to be sent again.'),
      }}
    />
  );
}

function messageColumns(now_ms: number): readonly Column<Undelivered>[] {
  return [
    { key: 'address', label: t('Address'), head: true, cell: ({ address }) => address },
    { key: 'error', label: t('Error'), cell: ({ error }) => error },
    { key: 'attempts', label: t('Attempts'), align: 'right', cell: ({ attempts }) => formatCount(attempts) },
    {
      key: 'ended',
      label: t('Last attempt'),
      cell: ({ ended_at }) => <span className="whitespace-nowrap">{agoWords(ended_at, now_ms)}</span>,
    },
    { key: 'again', label: t('Send again'), cell: (message) => <SendAgain message={message} /> },
  ];
}

function SendAgain({ message: { id, address } }: { readonly message: Undelivered }) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => sendAgain(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin', 'alerts', 'undelivered'] }),
  });
  return (
    <>
      <Button disabled={again.isPending} onClick={() => again.mutate()}>
        {again.isPending ? t('Sending…') : t('Send again')}
        <span className="sr-only"> {address}</span>
      </Button>
      {again.isError ? <Refused problem={problemOf(again.error)} /> : null}
    </>
  );
}
