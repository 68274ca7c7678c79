import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { usageOf } from '../../../api/usage.ts';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { FormView, TextInput, useForm, type Values } from '../../../ui/form/form.tsx';
import { formatCount } from '../../../words/amount.ts';
import { t } from '../../../words/translate.ts';
import { type Gift, giftsQuery, giveCredits } from '../api/operator.ts';

/** A gift of more than so many credits is asked about once more. */
const UNASKED_MAX = 1_000;

const EMPTY = { credits: '', expires_at: '', reason: '' };
type Field = keyof typeof EMPTY;

/** Credits as a gift, with the reason that the audit log keeps. */
export function GiftForm({ workspace_id }: { readonly workspace_id: string }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const [given, setGiven] = useState(0);
  const form = useForm<Field>({
    initial: EMPTY,
    check,
    ready: (values) => {
      const large = countOf(values) > UNASKED_MAX;
      setAsked(large);
      return !large;
    },
    save: async (values) => {
      const { credits } = await giveCredits(giftOf(workspace_id, values));
      setGiven(credits);
      void client.invalidateQueries({ queryKey: usageOf(workspace_id).queryKey });
      void client.invalidateQueries({ queryKey: giftsQuery(workspace_id).queryKey });
    },
  });
  return (
    <>
      <FormView
        form={form}
        label={t('Give credits')}
        busy_label={t('Giving…')}
        done={t('{count} credits given.', { count: formatCount(given) })}
        className="grid gap-3 sm:grid-cols-2"
      >
        <TextInput form={form} name="credits" label={t('Credits')} inputMode="numeric" />
        <TextInput form={form} name="expires_at" label={t('Expire on')} hint={t('(empty: never)')} type="date" />
        <TextInput
          form={form}
          name="reason"
          label={t('Reason')}
          placeholder={t('an apology for Tuesday')}
          className="sm:col-span-2"
        />
      </FormView>
      {asked ? (
        <ConfirmDialog
          title={t('Give {credits} credits', { credits: formatCount(countOf(form.values)) })}
          confirm={t('Give credits now')}
          busy={form.busy}
          act={() => {
            setAsked(false);
            form.send();
          }}
          close={() => setAsked(false)}
        >
          <p>
            {t(
              'That is more than {count}. The customer can spend them at once, and nobody pays for what they cost. Unspent credits can be taken back.',
              { count: formatCount(UNASKED_MAX) },
            )}
          </p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}

/** As a reader writes a count: `1,500`. */
function countOf({ credits }: Values<Field>): number {
  return Number(credits.replaceAll(/[,\s]/g, ''));
}

function check(values: Values<Field>): Partial<Record<Field, string>> {
  const count = countOf(values);
  return {
    ...(Number.isSafeInteger(count) && count > 0 ? {} : { credits: t('Write how many credits, such as 500.') }),
    ...(values.reason.trim() === '' ? { reason: t('Write why: the statement and the audit log keep it.') } : {}),
  };
}

function giftOf(workspace_id: string, values: Values<Field>): Gift {
  return {
    workspace_id,
    credits: countOf(values),
    reason: values.reason.trim(),
    ...(values.expires_at === '' ? {} : { expires_at: `${values.expires_at}T00:00:00Z` }),
  };
}
