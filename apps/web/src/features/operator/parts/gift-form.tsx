import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { type Gift, giftsQuery, giveCredits } from '../api/operator.ts';
import { usageOf } from '../../../api/usage.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { TextField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { formatCount } from '../../../words/amount.ts';
import { t } from '../../../words/translate.ts';

/** A gift of more than so many credits is asked about once more. */
const UNASKED_MAX = 1_000;

/** Credits as a gift, with the reason that the trail keeps. */
export function GiftForm({ workspace_id }: { readonly workspace_id: string }) {
  const client = useQueryClient();
  const [credits, setCredits] = useState('');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState('');
  const [asked, setAsked] = useState<Gift>();
  const give = useMutation({
    mutationFn: giveCredits,
    onSuccess: () => {
      setCredits('');
      setReason('');
      void client.invalidateQueries({ queryKey: usageOf(workspace_id).queryKey });
      void client.invalidateQueries({ queryKey: giftsQuery(workspace_id).queryKey });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const count = Number(credits.replaceAll(/[,\s]/g, ''));
    const complaint = !(Number.isSafeInteger(count) && count > 0)
      ? 'Write how many credits, such as 500.'
      : reason.trim() === ''
        ? 'Write why: the statement and the audit log keep it.'
        : '';
    setWrong(complaint);
    if (complaint !== '') return;
    const lapse = until === '' ? {} : { expires_at: `${until}T00:00:00Z` };
    const gift = { workspace_id, credits: count, reason: reason.trim(), ...lapse };
    if (count > UNASKED_MAX) setAsked(gift);
    else give.mutate(gift);
  };
  return (
    <form onSubmit={submit} noValidate className="grid gap-3 sm:grid-cols-2">
      <TextField label={t('Credits')} inputMode="numeric" value={credits} onChange={(event) => setCredits(event.target.value)} />
      <TextField
        label={t('Expire on')}
        hint={t('(empty: never)')}
        type="date"
        value={until}
        onChange={(event) => setUntil(event.target.value)}
      />
      <div className="sm:col-span-2">
        <TextField
          label={t('Reason')}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          placeholder={t('an apology for Tuesday')}
        />
      </div>
      {wrong === '' ? null : (
        <p role="alert" className="font-semibold text-oxide sm:col-span-2">
          {wrong}
        </p>
      )}
      <div className="sm:col-span-2">
        <Button kind="act" type="submit" disabled={give.isPending}>
          {give.isPending ? t('Giving…') : t('Give credits')}
        </Button>
        {give.isSuccess && wrong === '' ? (
          <p role="status" className="mt-2 font-semibold text-fair">
            {t('{count} credits given.', { count: formatCount(give.data.credits) })}
          </p>
        ) : null}
        {give.isError ? <Refused problem={problemOf(give.error)} /> : null}
      </div>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={t('Give {credits} credits', { credits: formatCount(asked.credits) })}
          confirm={t('Give credits now')}
          busy={give.isPending}
          act={() => {
            setAsked(undefined);
            give.mutate(asked);
          }}
          close={() => setAsked(undefined)}
        >
          <p>
            {t(
              'That is more than {count}. The customer can spend them at once, and nobody pays for what they cost. Unspent credits can be taken back.',
              { count: formatCount(UNASKED_MAX) },
            )}
          </p>
        </ConfirmDialog>
      )}
    </form>
  );
}
