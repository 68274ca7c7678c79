import type { AlertSettings as Settings, ChannelKind, WantedAlertSettings } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { alertSettingsQuery, replaceAlertSettings } from '../api/alerts.ts';
import { readShares, shareWords } from '../../../words/share.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

/** Where alerts are sent besides this page, and at which shares of a limit. */
export function AlertSettings({ operator }: { readonly operator: boolean }) {
  const settings = useQuery(alertSettingsQuery(operator));
  const client = useQueryClient();
  const replace = useMutation({
    mutationFn: (wanted: WantedAlertSettings) => replaceAlertSettings(operator, wanted),
    onSuccess: (kept) => client.setQueryData(alertSettingsQuery(operator).queryKey, kept),
  });
  if (settings.isPending) return <Loading what={t('the notifications')} />;
  if (settings.isError) return <Failed error={settings.error} retry={() => void settings.refetch()} />;
  const now = wantedOf(settings.data);
  return (
    <div className="grid gap-6">
      <Channels
        settings={settings.data}
        busy={replace.isPending}
        remove={(id) => replace.mutate({ ...now, channels: wantedOf(settings.data, id).channels })}
      />
      <AddChannel
        busy={replace.isPending}
        add={(kind, address) => replace.mutate({ ...now, channels: [...now.channels, { kind, address, kinds: null }] })}
      />
      <Thresholds
        key={JSON.stringify(now.thresholds)}
        shares={now.thresholds['*']}
        busy={replace.isPending}
        set={(shares) => {
          const { '*': _, ...others } = now.thresholds;
          replace.mutate({ ...now, thresholds: shares === undefined ? others : { ...others, '*': [...shares] } });
        }}
      />
      {replace.isError ? <Refused problem={problemOf(replace.error)} /> : null}
    </div>
  );
}

function wantedOf({ thresholds, digest, channels }: Settings, without?: string): WantedAlertSettings {
  const kept = channels.filter(({ id }) => id !== without);
  return { thresholds, digest, channels: kept.map(({ kind, address, kinds }) => ({ kind, address, kinds })) };
}

const KINDS: Record<ChannelKind, { readonly label: string; readonly placeholder: string }> = {
  email: { label: t('Email'), placeholder: 'you@example.com' },
  webhook: { label: t('Signed webhook'), placeholder: 'https://example.com/hooks/purser' },
  slack: { label: t('Slack'), placeholder: 'https://hooks.slack.com/services/…' },
};

function Channels({
  settings,
  busy,
  remove,
}: {
  readonly settings: Settings;
  readonly busy: boolean;
  readonly remove: (id: string) => void;
}) {
  if (settings.channels.length === 0)
    return <p className="text-ink-soft">{t('Alerts show on this page only. Add a channel to be notified elsewhere too.')}</p>;
  return (
    <ul className="divide-y divide-rule border-y border-rule">
      {settings.channels.map((channel) => (
        <li key={channel.id} className="py-2">
          <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
            <p className="font-semibold">{KINDS[channel.kind].label}</p>
            <p className="min-w-0 flex-1 [overflow-wrap:anywhere] text-ink-soft">{channel.address}</p>
            <Button kind="quiet" disabled={busy} onClick={() => remove(channel.id)}>
              {t('Remove')}
              <span className="sr-only"> {channel.address}</span>
            </Button>
          </div>
          {channel.secret === undefined ? null : (
            <div role="status" className="rising mt-2 rounded-md bg-signal-wash px-3.5 py-2.5">
              <p className="font-semibold">{t('Its messages are signed with this secret. It is shown only once:')}</p>
              <p className="my-1 break-all select-all">{channel.secret}</p>
              <CopyButton text={channel.secret} label={t('Copy the secret')} kind="plain" />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

function AddChannel({ busy, add }: { readonly busy: boolean; readonly add: (kind: ChannelKind, address: string) => void }) {
  const [kind, setKind] = useState<ChannelKind>('email');
  const [address, setAddress] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (address.trim() === '') return;
    add(kind, address.trim());
    setAddress('');
  };
  return (
    <form onSubmit={submit} className="grid gap-3 sm:grid-cols-[11rem_1fr_auto] sm:items-end">
      <SelectField
        label={t('Channel')}
        value={kind}
        onChange={(event) => setKind(event.target.value as ChannelKind)}
        options={Object.entries(KINDS).map(([value, { label }]) => ({ value, label }))}
      />
      <TextField
        label={t('Address')}
        type={kind === 'email' ? 'email' : 'url'}
        required
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        placeholder={KINDS[kind].placeholder}
      />
      <Button kind="act" type="submit" disabled={busy}>
        {busy ? t('Saving…') : t('Add')}
      </Button>
    </form>
  );
}

function Thresholds({
  shares,
  busy,
  set,
}: {
  readonly shares: readonly string[] | undefined;
  readonly busy: boolean;
  readonly set: (shares: readonly string[] | undefined) => void;
}) {
  const [text, setText] = useState(shares === undefined ? '' : shares.map(shareWords).join(', '));
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const read = text.trim() === '' ? undefined : readShares(text);
    const bad = text.trim() !== '' && read === undefined;
    setWrong(bad);
    if (!bad) set(read);
  };
  return (
    <form onSubmit={submit} noValidate>
      <div className="grid gap-3 sm:grid-cols-[1fr_auto] sm:items-end">
        <TextField
          label={t('Alert when this share of a limit is used')}
          hint={t('(in %; empty: 70, 85, 95)')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder="70, 85, 95"
          aria-invalid={wrong}
        />
        <Button type="submit" disabled={busy}>
          {t('Save')}
        </Button>
      </div>
      {wrong ? (
        <p role="alert" className="mt-1 font-semibold text-oxide">
          {t('Write shares from 1 to 100 with commas between them, such as 70, 85, 95.')}
        </p>
      ) : null}
    </form>
  );
}
