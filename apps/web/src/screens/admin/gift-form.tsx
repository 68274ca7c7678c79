import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { problemOf } from '../../api/client.ts';
import { giveCredits } from '../../api/operator.ts';
import { usageOf } from '../../api/queries.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Refused } from '../../parts/refused.tsx';
import { formatCount } from '../../words/amount.ts';

/** Credits as a gift, with the reason that the trail keeps. */
export function GiftForm({ workspace_id }: { readonly workspace_id: string }) {
  const client = useQueryClient();
  const [credits, setCredits] = useState('');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState('');
  const give = useMutation({
    mutationFn: giveCredits,
    onSuccess: () => {
      setCredits('');
      setReason('');
      void client.invalidateQueries({ queryKey: usageOf(workspace_id).queryKey });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const count = Number(credits.replaceAll(/[,\s]/g, ''));
    const complaint = !(Number.isSafeInteger(count) && count > 0)
      ? 'Write how many credits, such as 500.'
      : reason.trim() === ''
        ? 'Write why: the trail keeps it.'
        : '';
    setWrong(complaint);
    if (complaint !== '') return;
    const lapse = until === '' ? {} : { expires_at: `${until}T00:00:00Z` };
    give.mutate({ workspace_id, credits: count, reason: reason.trim(), ...lapse });
  };
  return (
    <form onSubmit={submit} noValidate className="grid gap-3 sm:grid-cols-2">
      <TextField label="Credits" inputMode="numeric" value={credits} onChange={(event) => setCredits(event.target.value)} />
      <TextField
        label="They lapse on"
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
    </form>
  );
}
