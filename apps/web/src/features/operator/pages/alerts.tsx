import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { sendAgain, undeliveredQuery } from '../../alerts/api/alerts.ts';
import { problemOf } from '../../../api/client.ts';
import type { Undelivered } from '../../../api/wire-operator.ts';
import type { AlertKind } from '../../../api/wire.ts';
import { useNow } from '../../../browser/now.ts';
import { AlertList } from '../../alerts/parts/alert-list.tsx';
import { AlertSettings } from '../../alerts/parts/alert-settings.tsx';
import { Button } from '../../../ui/button.tsx';
import { SelectField } from '../../../ui/field.tsx';
import { OlderButton } from '../../../ui/older-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { agoWords } from '../../../words/time.ts';
import { SeenChoice } from '../../alerts/pages/alerts.tsx';

const KINDS: readonly { readonly value: AlertKind | ''; readonly label: string }[] = [
  { value: '', label: 'every kind' },
  { value: 'threshold', label: 'limits nearly used up' },
  { value: 'anomaly', label: 'unusual hours' },
  { value: 'fraud', label: 'fraud flags' },
  { value: 'license', label: 'licenses' },
  { value: 'overrun', label: 'dearer than held' },
  { value: 'unreconciled', label: 'unresolved cost' },
  { value: 'missing', label: 'missing entries' },
  { value: 'provider', label: 'providers that fail' },
  { value: 'payment', label: 'payments to look at' },
  { value: 'overrides', label: 'agreements lowered' },
];

/** What the operator should know: of every workspace, of the platform, and of messages that did not arrive. */
export function AdminAlertsPage() {
  const [shown, setShown] = useState<'new' | 'all'>('new');
  const [kind, setKind] = useState<AlertKind | ''>('');
  return (
    <>
      <PageHead title="Alerts">
        Of every workspace and of the platform itself, newest first. Each is told once per crossing.
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        <Panel title="What happened" aside={<SeenChoice value={shown} onChange={setShown} />}>
          <div className="mb-4 max-w-60">
            <SelectField
              label="Show"
              value={kind}
              onChange={(event) => setKind(event.target.value as AlertKind | '')}
              options={KINDS}
            />
          </div>
          <AlertList
            scope={{ operator: true, unseen: shown === 'new', kind: kind === '' ? undefined : kind }}
            empty={{
              title: shown === 'new' ? 'Nothing new' : 'Nothing so far',
              text: 'A threshold, an unusual hour, a cost in doubt: it shows here as soon as the books know it.',
            }}
          />
        </Panel>
        <Panel title="Messages that did not arrive">
          <UndeliveredList />
        </Panel>
        <Panel title="Where to tell you">
          <AlertSettings operator />
        </Panel>
      </div>
    </>
  );
}

function UndeliveredList() {
  const now_ms = useNow(60_000);
  const pages = useInfiniteQuery(undeliveredQuery);
  if (pages.isPending) return <Loading what="the messages" />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const messages = pages.data.pages.flatMap((page) => page.messages);
  if (messages.length === 0)
    return <Empty title="All arrived">A message that no attempt could deliver waits here to be sent again.</Empty>;
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule">
        {messages.map((message) => (
          <Message key={message.id} message={message} now_ms={now_ms} />
        ))}
      </ul>
      <OlderButton what="messages" pages={pages} />
    </>
  );
}

function Message({ message, now_ms }: { readonly message: Undelivered; readonly now_ms: number }) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => sendAgain(message.id),
    onSuccess: () => client.invalidateQueries({ queryKey: undeliveredQuery.queryKey }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
      <div className="min-w-0 flex-1 basis-60">
        <p className="font-semibold [overflow-wrap:anywhere]">{message.address}</p>
        <p className="text-sm [overflow-wrap:anywhere] text-ink-soft">
          {message.attempts} attempts, the last {agoWords(message.ended_at, now_ms)}: {message.error}
        </p>
        {again.isError ? <Refused problem={problemOf(again.error)} /> : null}
      </div>
      <Button disabled={again.isPending} onClick={() => again.mutate()}>
        {again.isPending ? 'Sending…' : 'Send again'}
        <span className="sr-only"> to {message.address}</span>
      </Button>
    </li>
  );
}
