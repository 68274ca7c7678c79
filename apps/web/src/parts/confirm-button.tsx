import { useState, type ReactNode } from 'react';
import { Button } from './button.tsx';

interface Props {
  /** What the button says at first, such as "Revoke". */
  readonly label: ReactNode;
  /** What follows, for who hesitates. */
  readonly warning: string;
  /** The deed itself, such as "Revoke it". */
  readonly confirm: string;
  readonly busy: boolean;
  readonly kind?: 'quiet' | 'plain' | 'stop';
  readonly act: () => void;
}

/** A deed that cannot be undone, or that many notice, wants a second press, after a word on what follows. */
export function ConfirmButton({ label, warning, confirm, busy, kind = 'quiet', act }: Props) {
  const [asked, setAsked] = useState(false);
  if (!asked)
    return (
      <Button kind={kind} disabled={busy} onClick={() => setAsked(true)}>
        {label}
      </Button>
    );
  return (
    <div role="group" aria-label={confirm} className="rising w-full rounded-md border border-edge bg-well px-3.5 py-3">
      <p className="max-w-prose">{warning}</p>
      <div className="mt-2.5 flex flex-wrap gap-2">
        <Button
          kind="stop"
          disabled={busy}
          onClick={() => {
            setAsked(false);
            act();
          }}
        >
          {confirm}
        </Button>
        {/* The safe way out has the focus: a second press by haste does nothing. */}
        <Button autoFocus onClick={() => setAsked(false)}>
          Leave it
        </Button>
      </div>
    </div>
  );
}
