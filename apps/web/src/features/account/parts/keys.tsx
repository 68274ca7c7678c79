import type { CreatedKey, Key } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { problemOf } from '../../../api/client.ts';
import { keysQuery, makeKey, revokeKey, type KeyScope } from '../api/keys.ts';
import { useNow } from '../../../browser/now.ts';
import { instantMs, momentWords, dayWords } from '../../../words/time.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { FormView, TextInput, useForm } from '../../../ui/form/form.tsx';
import { KeyOnce } from './key-once.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

interface Props {
  readonly scope: KeyScope;
  /** False: they may be read and revoked, and none made. */
  readonly makes?: boolean;
}

/** The keys there are; making another, which is shown once; and taking one back. */
export function Keys({ scope, makes = true }: Props) {
  const client = useQueryClient();
  const [made, setMade] = useState<CreatedKey>();
  const query = keysQuery(scope);
  const keys = useQuery(query);
  const read_again = (): Promise<void> => client.invalidateQueries({ queryKey: query.queryKey });
  const revoke = useMutation({ mutationFn: (id: string) => revokeKey(scope, id), onSuccess: read_again });
  if (keys.isPending) return <Loading what={t('the keys')} />;
  if (keys.isError) return <Failed error={keys.error} retry={() => void keys.refetch()} />;
  const open = keys.data.filter(({ revoked_at }) => revoked_at === null);
  const revoked = keys.data.filter(({ revoked_at }) => revoked_at !== null);
  return (
    <div className="grid gap-5">
      {open.length === 0 ? (
        <Empty title={t('No API keys')}>{EMPTY[scope.of]}</Empty>
      ) : (
        <ul className="divide-y divide-rule border-y border-rule" data-testid="keys">
          {open.map((key) => (
            <Row key={key.id} of={key} busy={revoke.isPending} revoke={() => revoke.mutate(key.id)} />
          ))}
        </ul>
      )}
      {revoke.isError ? <Refused problem={problemOf(revoke.error)} /> : null}
      {made === undefined ? null : <KeyOnce of={made.name} secret={made.key} done={() => setMade(undefined)} />}
      {made === undefined && makes ? (
        <MakeForm
          scope={scope}
          done={(key) => {
            setMade(key);
            void read_again();
          }}
        />
      ) : null}
      {revoked.length === 0 ? null : <Revoked keys={revoked} />}
    </div>
  );
}

const EMPTY: Record<KeyScope['of'], string> = {
  own: t('Create one and use it as the bearer token of your app.'),
  workspace: t('Create one and give it to the customer’s app. People who sign in need none.'),
  platform: t('Create one for your own backend. With it a call names the workspace it is for, by your own id of the customer.'),
};

function Row({ of: key, busy, revoke }: { readonly of: Key; readonly busy: boolean; readonly revoke: () => void }) {
  const now_ms = useNow(60_000);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5">
      <p className="min-w-0 flex-1 basis-48 [overflow-wrap:anywhere]">
        <strong>{key.name}</strong>
        <span className="block text-sm text-ink-faint">
          <code>{key.prefix}…</code> {t('created {day}', { day: dayWords(key.created_at, now_ms) })}
        </span>
      </p>
      <ConfirmButton
        label={
          <>
            {t('Revoke')}
            <span className="sr-only"> {key.name}</span>
          </>
        }
        title={t('Revoke “{name}”', { name: key.name })}
        warning={t(
          'Every app that uses “{name}” is refused within a second, and so is every session that it opened. This cannot be undone.',
          { name: key.name },
        )}
        confirm={t('Revoke it')}
        busy={busy}
        act={revoke}
      />
    </li>
  );
}

function Revoked({ keys }: { readonly keys: readonly Key[] }) {
  const now_ms = useNow(60_000);
  return (
    <details className="border-t border-rule pt-1">
      <summary className="min-h-11 cursor-pointer py-2.5 font-semibold text-ink-soft">
        {keys.length === 1 ? t('One revoked key') : t('{length} revoked keys', { length: keys.length })}
      </summary>
      <ul className="divide-y divide-rule">
        {keys.map(({ id, name, prefix, revoked_at }) => (
          <li key={id} className="py-2 text-ink-soft [overflow-wrap:anywhere]">
            {name} <code className="text-sm text-ink-faint">{prefix}…</code>
            <span className="block text-sm text-ink-faint">{revoked_at === null ? '' : endWords(revoked_at, now_ms)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A key that another one replaces may go on for a while. */
function endWords(revoked_at: string, now_ms: number): string {
  return `${instantMs(revoked_at) > now_ms ? 'opens until' : 'revoked'} ${momentWords(revoked_at)}`;
}

const UNNAMED = { name: '' };

function MakeForm({ scope, done }: { readonly scope: KeyScope; readonly done: (key: CreatedKey) => void }) {
  const form = useForm<keyof typeof UNNAMED>({
    initial: UNNAMED,
    check: ({ name }) =>
      name.trim() === ''
        ? { name: t('Name it after the app that will use it, so that you know later which one to revoke.') }
        : {},
    save: async ({ name }) => done(await makeKey(scope, name.trim())),
  });
  return (
    <FormView
      form={form}
      label={t('Create API key')}
      busy_label={t('Creating…')}
      icon={<KeyRound size={16} aria-hidden="true" />}
    >
      <TextInput
        form={form}
        name="name"
        label={t('Name of the new key')}
        hint={t('(the app that will use it)')}
        maxLength={200}
        placeholder={scope.of === 'platform' ? t('our backend') : t('the shop’s website')}
      />
    </FormView>
  );
}
