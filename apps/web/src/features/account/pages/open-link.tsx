import type { SignedIn } from '@purser/api';
import { ownPath } from '@purser/core/own-path';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, problemOf } from '../../../api/client.ts';
import { sessionQuery } from '../../../api/queries.ts';
import { keepToken, session_wish } from '../../../api/server.ts';
import { navigate, type Path } from '../../../browser/route.ts';
import { Button } from '../../../ui/button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { t } from '../../../words/translate.ts';

/**
 * Where an emailed link leads when this page is served from another origin than the API. Programs that guard mailboxes open links as
 * well, so that only the button signs in.
 */
export function OpenLink() {
  const client = useQueryClient();
  const [link] = useState(linkInAddress);
  const signIn = useMutation({
    mutationFn: () => post<SignedIn>('/api/auth/magic-link/verify', { token: link.token, ...session_wish }),
    onSuccess: ({ session, token }) => {
      keepToken(token);
      client.setQueryData(sessionQuery.queryKey, session);
      // Out of the history: the token of a link is good once.
      window.history.replaceState(null, '', link.onward);
      navigate(link.onward);
    },
  });
  return (
    <main className="mx-auto grid max-w-md gap-4 p-8">
      <h1 className="narrow text-3xl font-semibold">{t('Sign in to Purser')}</h1>
      <Button onClick={() => signIn.mutate()} disabled={signIn.isPending} className="w-full text-base">
        {signIn.isPending ? t('Signing in…') : t('Sign in')}
      </Button>
      <p className="text-ink-soft">
        {t('If you did not ask to sign in, close this page: nothing happens until the button is pressed.')}
      </p>
      {signIn.isError ? <Refused problem={problemOf(signIn.error)} /> : null}
    </main>
  );
}

interface OpenedLink {
  readonly token: string;
  /** Where the reader goes on to. Anybody can write a link: it leads to a page of this site, or to the first one. */
  readonly onward: Path;
}

/** What stands behind `#`, which the browser has told no server. */
function linkInAddress(): OpenedLink {
  const { hash, origin } = window.location;
  const given = new URLSearchParams(hash.slice(1));
  const onward = ownPath(given.get('callbackURL') ?? '/', origin) ?? '/';
  return { token: given.get('token') ?? '', onward: onward as Path };
}
