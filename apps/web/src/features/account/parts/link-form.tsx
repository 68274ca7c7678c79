import { useMutation } from '@tanstack/react-query';
import { Mail } from 'lucide-react';
import type { FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { requestLink } from '../api/members.ts';
import { useLive } from '../../../browser/live.ts';
import { Button } from '../../../ui/button.tsx';
import { TextField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { t } from '../../../words/translate.ts';

/** Signing in without a password: a letter with a link. */
export function LinkForm({ label }: { readonly label: string }) {
  const live = useLive();
  const send = useMutation({ mutationFn: (to: string) => requestLink(to, '/') });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    // Read from the field itself: it may have been filled before this page was alive.
    const email = new FormData(event.currentTarget).get('email');
    if (typeof email === 'string' && email.trim() !== '') send.mutate(email.trim());
  };
  return (
    <form onSubmit={submit}>
      <TextField
        label={t('Your email address')}
        type="email"
        name="email"
        required
        autoComplete="email"
        placeholder="ann@example.com"
      />
      <Button type="submit" disabled={send.isPending || !live} className="mt-3 w-full text-base">
        <Mail size={16} aria-hidden="true" />
        {send.isPending ? t('Sending…') : label}
      </Button>
      {send.isSuccess ? (
        <p role="status" className="rising mt-3 rounded-md border-l-4 border-fair bg-fair-wash px-3.5 py-2.5">
          <strong>{t('Check your email.')}</strong>{' '}
          {t(
            'The link that signs you in was sent to {email}. Without a mail server, it was printed in the terminal where Purser runs.',
            { email: send.variables },
          )}
        </p>
      ) : null}
      {send.isError ? <Refused problem={problemOf(send.error)} /> : null}
    </form>
  );
}
