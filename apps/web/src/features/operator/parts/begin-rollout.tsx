import type { Rollout } from '@purser/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Download, Upload } from 'lucide-react';
import { useState } from 'react';

import { Button } from '../../../ui/button.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { FormView, LongText, useForm } from '../../../ui/form/form.tsx';
import { t } from '../../../words/translate.ts';
import { beginRollout, catalogTextQuery, rolloutsQuery } from '../api/rollouts.ts';
import { percent } from '../words/rollout.ts';

/** How many may be moved at first. */
export const SHARES: readonly number[] = [0.01, 0.05, 0.1, 0.25, 0.5];

const EMPTY = { catalog: '', share: '0.05' };
type Field = keyof typeof EMPTY;

/** Another catalog, pasted or from a file, and the share of the subscribers that gets it first. */
export function BeginForm() {
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const [begun, setBegun] = useState<Rollout>();
  const form = useForm<Field>({
    initial: EMPTY,
    check: ({ catalog }) =>
      catalog.trim() === '' ? { catalog: t('Take the current catalog and change it, or choose a file.') } : {},
    ready: () => {
      setAsked(true);
      return false;
    },
    save: async ({ catalog, share }) => {
      setBegun(await beginRollout({ catalog, share: Number(share) }));
      void client.invalidateQueries({ queryKey: rolloutsQuery.queryKey });
    },
  });
  return (
    <>
      <FormView
        form={form}
        label={t('Start the roll-out')}
        busy_label={t('Proving its margin…')}
        done={begun === undefined ? undefined : startedWords(begun)}
        className="grid gap-4"
      >
        <LongText
          form={form}
          name="catalog"
          label={t('New catalog')}
          hint="(YAML)"
          placeholder={t('Take the current catalog as a start, or paste yours.')}
          aside={
            <span className="-mx-3 flex flex-wrap">
              <StartingPoint take={(text) => form.set('catalog', text)} />
              <FromFile take={(text) => form.set('catalog', text)} />
            </span>
          }
        />
        <Choice
          legend={t('Share of customers')}
          name={`${form.id}-share`}
          value={form.values.share}
          onChange={(share) => form.set('share', share)}
          options={SHARES.map((one) => ({ value: String(one), label: percent(one) }))}
          hint={t('Of the subscribers of the current catalog. A larger share later only adds customers.')}
        />
        <p className="text-sm text-ink-faint">
          {t(
            'Its plans are proven first: if one can fall below its minimum margin, the roll-out is refused and no customer is moved.',
          )}
        </p>
      </FormView>
      {asked ? (
        <BeginQuestion
          share={percent(Number(form.values.share))}
          busy={form.busy}
          act={() => {
            setAsked(false);
            form.send();
          }}
          close={() => setAsked(false)}
        />
      ) : null}
    </>
  );
}

function startedWords({ share, to_version }: Rollout): string {
  return t('Started: {share} of customers are on {version}.', { share: percent(share), version: to_version });
}

interface QuestionProps {
  readonly share: string;
  readonly busy: boolean;
  readonly act: () => void;
  readonly close: () => void;
}

function BeginQuestion({ share, busy, act, close }: QuestionProps) {
  return (
    <ConfirmDialog title={t('Start the roll-out')} confirm={t('Move {share} now', { share })} busy={busy} act={act} close={close}>
      <p>
        {t(
          '{share} of the subscribers of the current catalog get these plans within a second: their limits, credits and prices follow from them. You can roll back at any time.',
          { share },
        )}
      </p>
    </ConfirmDialog>
  );
}

interface Take {
  readonly take: (text: string) => void;
}

/** The catalog for sale now, to be changed. */
function StartingPoint({ take }: Take) {
  const current = useQuery({ ...catalogTextQuery, enabled: false });
  const fetch_it = async (): Promise<void> => {
    const { data } = current.data === undefined ? await current.refetch() : current;
    if (data !== undefined) take(data.text);
  };
  return (
    <Button kind="quiet" className="px-3!" disabled={current.isFetching} onClick={() => void fetch_it()}>
      <Download size={16} aria-hidden="true" />
      {current.isError ? t('It could not be loaded. Try again') : t('Take the current catalog')}
    </Button>
  );
}

function FromFile({ take }: Take) {
  return (
    <label className="inline-flex min-h-11 cursor-pointer items-center gap-2 rounded-md px-3 text-[0.9375rem] font-semibold text-ink-soft hover:bg-well hover:text-ink has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-[light-dark(#0b6bd3,#ffc72c)]">
      <Upload size={16} aria-hidden="true" />
      {t('Choose a file')}
      <input
        type="file"
        accept=".yaml,.yml,text/yaml"
        className="sr-only"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file !== undefined) void file.text().then(take);
          event.target.value = '';
        }}
      />
    </label>
  );
}
