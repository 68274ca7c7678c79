import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { problemOf } from '../api/client.ts';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';

interface Props {
  /** What the button and the dialog say, such as "Delete workspace". */
  readonly label: string;
  /** What follows, for who hesitates. */
  readonly children: ReactNode;
  /** What has to be typed, letter by letter. */
  readonly typed: string;
  readonly act: (typed: string) => Promise<unknown>;
  readonly done: () => void;
}

/** Deletes something for good: the consequence is said, and its name has to be typed. */
export function DeleteButton({ label, children, typed, act, done }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{label}…</Button>
      {open ? (
        <DeleteDialog label={label} typed={typed} act={act} done={done} close={() => setOpen(false)}>
          {children}
        </DeleteDialog>
      ) : null}
    </>
  );
}

function DeleteDialog({ label, children, typed, act, done, close }: Props & { readonly close: () => void }) {
  const [given, setGiven] = useState('');
  const title = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const deleting = useMutation({ mutationFn: () => act(given.trim()), onSuccess: done });
  const problem = deleting.isError ? problemOf(deleting.error) : undefined;
  return (
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onClose={close}
      className="m-auto w-[min(34rem,calc(100vw-1.5rem))] rounded-xl border border-edge bg-deck p-5 text-ink shadow-deck backdrop:bg-black/60 sm:p-6"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          deleting.mutate();
        }}
      >
        <h2 id={title} className="narrow text-2xl font-semibold">
          {label}
        </h2>
        <div className="mt-2 grid gap-2 text-ink-soft">{children}</div>
        <div className="mt-4">
          <TextField
            label={`Type ${typed} to confirm`}
            value={given}
            spellCheck={false}
            autoCapitalize="off"
            onChange={(event) => setGiven(event.target.value)}
          />
        </div>
        {problem === undefined ? null : (
          <p role="alert" className="mt-3 rounded-md border-l-4 border-oxide-paint bg-oxide-wash px-3.5 py-2.5">
            Nothing was deleted: {problem.detail}
          </p>
        )}
        <div className="mt-5 flex flex-wrap gap-2">
          <Button kind="stop" type="submit" disabled={deleting.isPending || given.trim() !== typed}>
            {label}
          </Button>
          <Button onClick={() => dialog.current?.close()}>Cancel</Button>
        </div>
      </form>
    </dialog>
  );
}

/** Saves an archive: an ordinary link, so that the browser shows how far it has come. */
export function ExportLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <a
      href={href}
      download
      className="inline-flex min-h-11 items-center justify-center rounded-md border border-edge bg-deck px-4 text-[0.9375rem] font-semibold text-ink hover:bg-well"
    >
      {children}
    </a>
  );
}
