import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Download, Upload } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { beginRollout, catalogTextQuery, rolloutsQuery } from '../api/rollouts.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { percent } from '../words/rollout.ts';
import { t } from '../../../words/translate.ts';

/** How many may be moved at first. */
export const SHARES: readonly number[] = [0.01, 0.05, 0.1, 0.25, 0.5];

/** Another catalog, pasted or from a file, and the share of the subscribers that gets it first. */
export function BeginForm() {
  const client = useQueryClient();
  const id = useId();
  const [text, setText] = useState('');
  const [share, setShare] = useState('0.05');
  const [missing, setMissing] = useState(false);
  const [asked, setAsked] = useState(false);
  const begin = useMutation({
    mutationFn: beginRollout,
    onSuccess: () => {
      setText('');
      void client.invalidateQueries({ queryKey: rolloutsQuery.queryKey });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setMissing(text.trim() === '');
    setAsked(text.trim() !== '');
  };
  return (
    <form onSubmit={submit} noValidate className="grid gap-4">
      <div>
        <div className="mb-1.5 flex flex-wrap items-center justify-between gap-x-4">
          <label htmlFor={id} className="label text-ink-soft">
            {t('New catalog')} <span className="font-normal text-ink-faint">{'(YAML)'}</span>
          </label>
          <span className="-mx-3 flex flex-wrap">
            <StartingPoint take={setText} />
            <FromFile take={setText} />
          </span>
        </div>
        <textarea
          id={id}
          rows={8}
          value={text}
          onChange={(event) => setText(event.target.value)}
          spellCheck={false}
          autoCapitalize="off"
          aria-invalid={missing}
          aria-describedby={missing ? `${id}-missing` : undefined}
          placeholder={t('Take the current catalog as a start, or paste yours.')}
          className="w-full rounded-md border border-edge bg-deck px-3 py-2.5 font-mono text-sm placeholder:font-sans placeholder:text-ink-faint"
        />
        {missing ? (
          <p id={`${id}-missing`} role="alert" className="mt-1 font-semibold text-oxide">
            {t('Take the current catalog and change it, or choose a file.')}
          </p>
        ) : null}
      </div>
      <Choice
        legend={t('Share of customers')}
        name={`${id}-share`}
        value={share}
        onChange={setShare}
        options={SHARES.map((one) => ({ value: String(one), label: percent(one) }))}
        hint={t('Of the subscribers of the current catalog. A larger share later only adds customers.')}
      />
      <div>
        <Button kind="act" type="submit" disabled={begin.isPending}>
          {begin.isPending ? t('Proving its margin…') : t('Start the roll-out')}
        </Button>
        <p className="mt-2 text-sm text-ink-faint">
          {t(
            'Its plans are proven first: if one can fall below its minimum margin, the roll-out is refused and no customer is moved.',
          )}
        </p>
        {begin.isSuccess ? (
          <p role="status" className="mt-2 font-semibold text-fair">
            {t('Started: {share} of customers are on {version}.', {
              share: percent(begin.data.share),
              version: begin.data.to_version,
            })}
          </p>
        ) : null}
        {begin.isError ? <Refused problem={problemOf(begin.error)} /> : null}
      </div>
      {asked ? (
        <ConfirmDialog
          title={t('Start the roll-out')}
          confirm={t('Move {share} now', { share: percent(Number(share)) })}
          busy={begin.isPending}
          act={() => {
            setAsked(false);
            begin.mutate({ catalog: text, share: Number(share) });
          }}
          close={() => setAsked(false)}
        >
          <p>
            {t(
              '{share} of the subscribers of the current catalog get these plans within a second: their limits, credits and prices follow from them. You can roll back at any time.',
              { share: percent(Number(share)) },
            )}
          </p>
        </ConfirmDialog>
      ) : null}
    </form>
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
