import type { Undelivered } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { problemOf } from '../../../api/client.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { agoWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { sendAgain, undeliveredQuery } from '../api/alerts.ts';
import { AlertPanel } from '../parts/alert-panel.tsx';
import { AlertSettings } from '../parts/alert-settings.tsx';
import { ALL_KINDS } from '../words/kind.ts';

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
          kinds={ALL_KINDS}
          empty={t('A limit nearly used up, an unusual hour, unresolved cost: it shows here as soon as it is booked.')}
        />
        <Panel title={t('Undelivered messages')}>
          <UndeliveredList />
        </Panel>
        <Panel title={t('Notifications')}>
          <AlertSettings operator />
        </Panel>
      </div>
    </>
  );
}

function UndeliveredList() {
  const [cursor, setCursor] = useState<string>();
  const page = useQuery(undeliveredQuery(cursor));
  if (page.isPending) return <Loading what={t('the messages')} />;
  if (page.isError) return <Failed error={page.error} retry={() => void page.refetch()} />;
  const { messages, next_cursor } = page.data;
  if (messages.length === 0)
    return <Empty title={t('All delivered')}>{t('A message that no attempt could deliver waits here to be sent again.')}</Empty>;
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule">
        {messages.map((message) => (
          <Message key={message.id} message={message} />
        ))}
      </ul>
      {next_cursor === null ? null : (
        <Button className="mt-3" onClick={() => setCursor(next_cursor)}>
          {t('Older')}
        </Button>
      )}
    </>
  );
}

function Message({ message }: { readonly message: Undelivered }) {
  const now_ms = useNow(60_000);
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => sendAgain(message.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin', 'alerts', 'undelivered'] }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
      <div className="min-w-0 flex-1 basis-60">
        <p className="font-semibold [overflow-wrap:anywhere]">{message.address}</p>
        <p className="text-sm [overflow-wrap:anywhere] text-ink-soft">
          {t('{count} attempts, the last {ago}: {error}', {
            count: message.attempts,
            ago: agoWords(message.ended_at, now_ms),
            error: message.error,
          })}
        </p>
        {again.isError ? <Refused problem={problemOf(again.error)} /> : null}
      </div>
      <Button disabled={again.isPending} onClick={() => again.mutate()}>
        {again.isPending ? t('Sending…') : t('Send again')}
        <span className="sr-only"> {message.address}</span>
      </Button>
    </li>
  );
}
