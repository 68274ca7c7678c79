import { useState, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';

interface Props {
  /** What the button says, such as "Revoke". */
  readonly label: ReactNode;
  /** What the dialog asks about, such as "Revoke the key". */
  readonly title: string;
  /** What follows, for those who hesitate. */
  readonly warning: ReactNode;
  readonly confirm: string;
  readonly busy: boolean;
  readonly disabled?: boolean;
  readonly kind?: 'quiet' | 'plain' | 'stop' | 'act';
  readonly act: () => void;
}

/** A button whose action cannot be undone, or that many notice: it asks first. */
export function ConfirmButton({ label, title, warning, confirm, busy, disabled = false, kind = 'quiet', act }: Props) {
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Button kind={kind} disabled={busy || disabled} onClick={() => setAsked(true)}>
        {label}
      </Button>
      {asked ? (
        <ConfirmDialog
          title={title}
          confirm={confirm}
          busy={busy}
          act={() => {
            setAsked(false);
            act();
          }}
          close={() => setAsked(false)}
        >
          <p>{warning}</p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}
