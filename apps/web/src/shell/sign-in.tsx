import type { SignedIn } from '@purser/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Eye, EyeOff, KeySquare } from 'lucide-react';
import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import { post, problemOf } from '../api/client.ts';
import { sessionQuery } from '../api/queries.ts';
import { keepToken, session_wish } from '../api/server.ts';
import type { Problem } from '../api/problem.ts';
import { Button } from '../ui/button.tsx';
import { HullSide } from './hull-side.tsx';
import { Mark } from '../ui/mark.tsx';
import { LinkForm } from '../features/account/parts/link-form.tsx';
import { ThemeButton } from './account-buttons.tsx';
import { useLive } from '../browser/live.ts';
import { navigate } from '../browser/route.ts';
import { explain } from '../words/problem.ts';
import { t } from '../words/translate.ts';

/** Signing in by key, or by a link in a letter. The key goes to the server once, which answers with an HttpOnly cookie; the page keeps nothing. */
export function SignIn() {
  useEffect(() => {
    document.title = `${t('Sign in')} · Purser`;
  }, []);
  return (
    <main className="grid min-h-dvh grid-rows-[auto_1fr] bg-hull lg:grid-cols-[1.15fr_1fr] lg:grid-rows-1">
      <section className="on-hull relative isolate overflow-hidden text-on-hull">
        <div className="flex items-center gap-3 px-5 pt-5 sm:px-10 sm:pt-8">
          <Mark size={34} />
          <span className="narrow text-3xl font-bold tracking-wide">{t('Purser')}</span>
          <div className="ml-auto lg:hidden">
            <ThemeButton />
          </div>
        </div>
        <div className="relative z-10 max-w-xl px-5 pt-6 pb-36 sm:px-10 sm:pt-14 lg:pt-[12vh]">
          <h1 className="narrow text-[2.5rem] leading-[1.02] font-bold text-balance sm:text-6xl lg:text-7xl">
            {t('Never lose money on an AI call.')}
          </h1>
          <p className="mt-4 max-w-md text-lg text-on-hull-soft max-sm:hidden">
            {t(
              'Every AI call is checked against credits, limits and margin before it starts, and booked at its real cost when it ends.',
            )}
          </p>
        </div>
        <HullSide />
      </section>
      <section className="relative -mt-5 flex flex-col justify-start rounded-t-2xl bg-sea px-5 py-8 sm:px-10 lg:mt-0 lg:justify-center lg:rounded-none">
        <div className="absolute top-5 right-5 max-lg:hidden">
          <ThemeButton paint="text-ink-soft hover:text-ink" />
        </div>
        <div className="mx-auto w-full max-w-md">
          <h2 className="narrow text-3xl font-semibold">{t('Sign in')}</h2>
          <KeyForm />
          <details className="mt-6 border-t border-rule pt-2">
            <summary className="min-h-11 cursor-pointer py-2.5 font-semibold">{t('Sign in by email')}</summary>
            <div className="pb-2">
              <LinkForm label={t('Email me a link')} />
            </div>
          </details>
          <WhereIsMyKey />
        </div>
      </section>
    </main>
  );
}

function KeyForm() {
  const client = useQueryClient();
  const live = useLive();
  const field = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  const [missing, setMissing] = useState(false);
  const field_id = useId();
  const sign_in = useMutation({
    mutationFn: (given: string) => post<SignedIn>('/api/session', { key: given, ...session_wish }),
    onSuccess: ({ session, token }) => {
      keepToken(token);
      if (field.current !== null) field.current.value = '';
      client.setQueryData(sessionQuery.queryKey, session);
      navigate(session.kind === 'admin' ? '/admin' : '/');
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // Read from the field itself: it may have been filled before this page was alive.
    const key = field.current?.value.trim() ?? '';
    setMissing(key === '');
    if (key !== '') sign_in.mutate(key);
  };
  const problem = missing ? NO_KEY : sign_in.isError ? signInWords(problemOf(sign_in.error)) : undefined;
  return (
    <form onSubmit={submit} noValidate>
      <label htmlFor={field_id} className="label mt-5 block text-ink-soft">
        {t('Workspace key or admin token')}
      </label>
      <div className="mt-1.5 flex rounded-md border border-edge bg-deck focus-within:border-store">
        <span className="grid w-11 place-items-center text-ink-faint">
          <KeySquare size={18} aria-hidden="true" />
        </span>
        <input
          ref={field}
          id={field_id}
          type={shown ? 'text' : 'password'}
          placeholder="purser_ws_…"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : `${field_id}-problem`}
          className="min-h-12 w-full min-w-0 bg-transparent text-base outline-offset-4 placeholder:text-ink-faint"
        />
        <button
          type="button"
          onClick={() => setShown(!shown)}
          aria-label={shown ? t('Hide the key') : t('Show the key')}
          className="grid w-12 place-items-center text-ink-soft hover:text-ink"
        >
          {shown ? <EyeOff size={18} aria-hidden="true" /> : <Eye size={18} aria-hidden="true" />}
        </button>
      </div>
      {problem === undefined ? null : (
        <div
          id={`${field_id}-problem`}
          role="alert"
          className="mt-3 rounded-md border-l-4 border-oxide-paint bg-oxide-wash px-4 py-3"
        >
          <p className="font-semibold">{problem.headline}</p>
          <p className="text-ink-soft">{problem.step}</p>
        </div>
      )}
      <Button type="submit" kind="act" disabled={sign_in.isPending || !live} className="mt-4 w-full text-base">
        {sign_in.isPending ? t('Checking the key…') : t('Sign in')}
      </Button>
    </form>
  );
}

const NO_KEY = { headline: t('The field is empty'), step: t('Paste your key into it, then sign in.') };

function signInWords(problem: Problem): { headline: string; step: string } {
  if (problem.status === 401 || problem.status === 403) {
    return {
      headline: t('Invalid API key'),
      step: t('Check that you copied all of it. Workspace keys start with purser_ws_; a key that was replaced no longer works.'),
    };
  }
  const plain = explain(problem);
  return { headline: plain.headline, step: plain.steps[0] ?? plain.why };
}

function WhereIsMyKey() {
  return (
    <dl className="mt-4 divide-y divide-rule border-y border-rule text-[0.9375rem]">
      <div className="grid gap-x-4 py-3 sm:grid-cols-[8rem_1fr]">
        <dt className="font-semibold">{t('Just started it?')}</dt>
        <dd className="text-ink-soft">
          {t('The terminal where you started it printed a demo workspace’s key and the admin token.')}
        </dd>
      </div>
      <div className="grid gap-x-4 py-3 sm:grid-cols-[8rem_1fr]">
        <dt className="font-semibold">{t('Workspace key')}</dt>
        <dd className="text-ink-soft">{t('Try calls, watch your limits, see what each call cost.')}</dd>
      </div>
      <div className="grid gap-x-4 py-3 sm:grid-cols-[8rem_1fr]">
        <dt className="font-semibold">{t('Admin token')}</dt>
        <dd className="text-ink-soft">{t('See every plan’s margin, verify the ledger, create workspaces.')}</dd>
      </div>
    </dl>
  );
}
