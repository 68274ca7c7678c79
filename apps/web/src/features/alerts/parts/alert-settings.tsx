import type { AlertSettings as Settings, ChannelKind, WantedAlertSettings } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf } from '../../../api/client.ts';
import { alertSettingsQuery, replaceAlertSettings } from '../api/alerts.ts';
import { readShares, shareWords } from '../../../words/share.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { FormView, required, SelectInput, TextInput, useForm } from '../../../ui/form/form.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed } from '../../../ui/states.tsx';
import { t } from '../../../words/translate.ts';

/** Where alerts are sent besides this page, and at which shares of a limit. */
export function AlertSettings({ operator }: { readonly operator: boolean }) {
  const settings = useQuery(alertSettingsQuery(operator));
  const client = useQueryClient();
  const replace: Replace = async (wanted) => {
    client.setQueryData(alertSettingsQuery(operator).queryKey, await replaceAlertSettings(operator, wanted));
  };
  const remove = useMutation({ mutationFn: replace });
  if (settings.isPending) return <Loading what={t('the notifications')} />;
  if (settings.isError) return <Failed error={settings.error} retry={() => void settings.refetch()} />;
  const now = wantedOf(settings.data);
  return (
    <div className="grid gap-6">
      <Channels
        settings={settings.data}
        busy={remove.isPending}
        remove={(id) => remove.mutate({ ...now, channels: wantedOf(settings.data, id).channels })}
      />
      {remove.isError ? <Refused problem={problemOf(remove.error)} /> : null}
      <AddChannel now={now} replace={replace} />
      <Thresholds key={JSON.stringify(now.thresholds)} now={now} replace={replace} />
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

type Replace = (wanted: WantedAlertSettings) => Promise<unknown>;

const NO_CHANNEL = { kind: 'email', address: '' };

function AddChannel({ now, replace }: { readonly now: WantedAlertSettings; readonly replace: Replace }) {
  const form = useForm<keyof typeof NO_CHANNEL>({
    initial: NO_CHANNEL,
    check: ({ address }) => (address.trim() === '' ? { address: required(t('The address')) } : {}),
    save: ({ kind, address }) =>
      replace({ ...now, channels: [...now.channels, { kind: kind as ChannelKind, address: address.trim(), kinds: null }] }),
  });
  const kind = form.values.kind as ChannelKind;
  return (
    <FormView form={form} label={t('Add')} busy_label={t('Saving…')} className="grid gap-3 sm:grid-cols-[11rem_1fr]">
      <SelectInput
        form={form}
        name="kind"
        label={t('Channel')}
        options={Object.entries(KINDS).map(([value, { label }]) => ({ value, label }))}
      />
      <TextInput
        form={form}
        name="address"
        label={t('Address')}
        type={kind === 'email' ? 'email' : 'url'}
        placeholder={KINDS[kind].placeholder}
      />
    </FormView>
  );
}

function Thresholds({ now, replace }: { readonly now: WantedAlertSettings; readonly replace: Replace }) {
  const { '*': shares, ...others } = now.thresholds;
  const [initial] = useState({ shares: shares === undefined ? '' : shares.map(shareWords).join(', ') });
  const form = useForm<'shares'>({
    initial,
    keep: true,
    check: (values) =>
      values.shares.trim() === '' || readShares(values.shares) !== undefined
        ? {}
        : { shares: t('Write shares from 1 to 100 with commas between them, such as 70, 85, 95.') },
    save: (values) => {
      const wanted = readShares(values.shares);
      return replace({ ...now, thresholds: wanted === undefined ? others : { ...others, '*': [...wanted] } });
    },
  });
  return (
    <FormView form={form} label={t('Save')} busy_label={t('Saving…')}>
      <TextInput
        form={form}
        name="shares"
        label={t('Alert when this share of a limit is used')}
        hint={t('(in %; empty: 70, 85, 95)')}
        placeholder="70, 85, 95"
      />
    </FormView>
  );
}
