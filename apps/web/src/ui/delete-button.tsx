import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { problemOf } from '../api/client.ts';
import { Button } from './button.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';

interface Props {
  /** What the button and the dialog say, such as "Delete workspace". */
  readonly label: string;
  /** What follows, for those who hesitate. */
  readonly children: ReactNode;
  /** What has to be typed, letter by letter. */
  readonly typed: string;
  readonly act: (typed: string) => Promise<unknown>;
  readonly done: () => void;
}

/** Deletes something for good: the consequence is said, and its name has to be typed. */
export function DeleteButton({ label, children, typed, act, done }: Props) {
  const [open, setOpen] = useState(false);
  const deleting = useMutation({ mutationFn: act, onSuccess: done });
  return (
    <>
      <Button onClick={() => setOpen(true)}>{label}…</Button>
      {open ? (
        <ConfirmDialog
          title={label}
          confirm={label}
          typed={typed}
          busy={deleting.isPending}
          problem={deleting.isError ? problemOf(deleting.error) : undefined}
          act={(given) => deleting.mutate(given)}
          close={() => {
            setOpen(false);
            deleting.reset();
          }}
        >
          {children}
        </ConfirmDialog>
      ) : null}
    </>
  );
}
