import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { Problem } from '../api/problem.ts';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';
import { Refused } from './refused.tsx';
import { t } from '../words/translate.ts';

interface Props {
  readonly title: string;
  /** What follows, in plain words: who notices, what it costs, whether it can be undone. */
  readonly children: ReactNode;
  /** What the button that does it says. */
  readonly confirm: string;
  /** What has to be typed first, letter by letter; absent: nothing. */
  readonly typed?: string | undefined;
  readonly busy: boolean;
  /** Why it was not done. */
  readonly problem?: Problem | undefined;
  readonly act: (typed: string) => void;
  readonly close: () => void;
}

/** The one question before anything that costs or stops somebody: it says the consequence, and the safe way out has the focus. */
export function ConfirmDialog({ title, children, confirm, typed, busy, problem, act, close }: Props) {
  const [given, setGiven] = useState('');
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // Where nothing is to be typed, a second press by haste does nothing.
    if (typed === undefined) cancel.current?.focus();
  }, [typed]);
  // Beside the page and not where it is asked for: that may be inside another form, and a form holds no form.
  return createPortal(
    <dialog
      ref={dialog}
      aria-labelledby={id}
      aria-describedby={`${id}-consequence`}
      onClose={close}
      className="m-auto w-[min(34rem,calc(100vw-1.5rem))] rounded-xl border border-edge bg-deck p-5 text-ink shadow-deck backdrop:bg-black/60 sm:p-6"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // React's events rise to the form that asked all the same.
          event.stopPropagation();
          if (!busy && (typed === undefined || given.trim() === typed)) act(given.trim());
        }}
      >
        <h2 id={id} className="narrow text-2xl font-semibold">
          {title}
        </h2>
        <div id={`${id}-consequence`} className="mt-2 grid gap-2 text-ink-soft">
          {children}
        </div>
        {typed === undefined ? null : (
          <div className="mt-4">
            <TextField
              label={t('Type {typed} to confirm', { typed })}
              value={given}
              spellCheck={false}
              autoCapitalize="off"
              onChange={(event) => setGiven(event.target.value)}
            />
          </div>
        )}
        {problem === undefined ? null : <Refused problem={problem} />}
        <div className="mt-5 flex flex-wrap gap-2">
          <Button kind="stop" type="submit" disabled={busy || (typed !== undefined && given.trim() !== typed)}>
            {confirm}
          </Button>
          <Button ref={cancel} onClick={() => dialog.current?.close()}>
            {t('Cancel')}
          </Button>
        </div>
      </form>
    </dialog>,
    document.body,
  );
}
