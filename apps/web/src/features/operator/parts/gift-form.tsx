import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { type Gift, giftsQuery, giveCredits } from '../api/operator.ts';
import { usageOf } from '../../../api/queries.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { TextField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { formatCount } from '../../../words/amount.ts';

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
      <TextField label="Credits" inputMode="numeric" value={credits} onChange={(event) => setCredits(event.target.value)} />
      <TextField
        label="They expire on"
        hint="(empty: never)"
        type="date"
        value={until}
        onChange={(event) => setUntil(event.target.value)}
      />
      <div className="sm:col-span-2">
        <TextField
          label="Why"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          placeholder="an apology for Tuesday"
        />
      </div>
      {wrong === '' ? null : (
        <p role="alert" className="font-semibold text-oxide sm:col-span-2">
          {wrong}
        </p>
      )}
      <div className="sm:col-span-2">
        <Button kind="act" type="submit" disabled={give.isPending}>
          {give.isPending ? 'Giving…' : 'Give them'}
        </Button>
        {give.isSuccess && wrong === '' ? (
          <p role="status" className="mt-2 font-semibold text-fair">
            {formatCount(give.data.credits)} credits given.
          </p>
        ) : null}
        {give.isError ? <Refused problem={problemOf(give.error)} /> : null}
      </div>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={`Give ${formatCount(asked.credits)} credits`}
          confirm="Give them now"
          busy={give.isPending}
          act={() => {
            setAsked(undefined);
            give.mutate(asked);
          }}
          close={() => setAsked(undefined)}
        >
          <p>
            That is more than {formatCount(UNASKED_MAX)}. The customer can spend them at once, and nobody pays for what they cost.
            What is unspent can be taken back.
          </p>
        </ConfirmDialog>
      )}
    </form>
  );
}
