import { useMutation } from '@tanstack/react-query';
import { Mail } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { problemOf } from '../../../api/client.ts';
import { requestLink } from '../api/members.ts';
import { Button } from '../../../ui/button.tsx';
import { TextField } from '../../../ui/field.tsx';
import { Refused } from '../../../ui/refused.tsx';

/** Signing in without a password: a letter with a link. */
export function LinkForm({ label }: { readonly label: string }) {
  const [email, setEmail] = useState('');
  const send = useMutation({ mutationFn: (to: string) => requestLink(to, '/') });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (email.trim() !== '') send.mutate(email.trim());
  };
  return (
    <form onSubmit={submit}>
      <TextField
        label="Your e-mail address"
        type="email"
        required
        autoComplete="email"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        placeholder="ann@example.com"
      />
      <Button type="submit" disabled={send.isPending} className="mt-3 w-full text-base">
        <Mail size={16} aria-hidden="true" />
        {send.isPending ? 'Sending the letter…' : label}
      </Button>
      {send.isSuccess ? (
        <p role="status" className="rising mt-3 rounded-md border-l-4 border-fair bg-fair-wash px-3.5 py-2.5">
          <strong>Look into your mailbox.</strong> A letter to {send.variables} has the link that signs you in. On a machine of
          your own without a mail server, it was printed in the window where Purser runs.
        </p>
      ) : null}
      {send.isError ? <Refused problem={problemOf(send.error)} /> : null}
    </form>
  );
}
