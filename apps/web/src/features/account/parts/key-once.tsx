import { KeyRound } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { t } from '../../../words/translate.ts';

interface Props {
  /** Whose key it is. */
  readonly of: string;
  readonly secret: string;
  readonly done: () => void;
}

/** A key is shown here and never again: only its hash is kept. */
export function KeyOnce({ of, secret, done }: Props) {
  const head = useRef<HTMLHeadingElement>(null);
  // Where the form was there is this now: who reads by ear or keyboard is led to it.
  useEffect(() => head.current?.focus(), []);
  return (
    <section role="status" className="on-hull rising rounded-xl bg-hull p-5 text-on-hull shadow-deck sm:p-6">
      <h2
        ref={head}
        tabIndex={-1}
        className="narrow flex items-center gap-2 text-2xl font-semibold [overflow-wrap:anywhere] outline-none"
      >
        <KeyRound size={22} className="shrink-0 text-signal" aria-hidden="true" />
        {t('API key of {name}', { name: of })}
      </h2>
      <p className="mt-2 text-on-hull-soft">{t('Copy it now. It is shown only once; Purser stores only its hash.')}</p>
      <p data-testid="key" className="mt-3 rounded-md bg-on-hull/10 px-3 py-2.5 text-[0.9375rem] break-all select-all">
        {secret}
      </p>
      <div className="mt-4 flex flex-wrap gap-2">
        <CopyButton kind="act" text={secret} label={t('Copy the key')} />
        <Button onClick={done}>{t('Done')}</Button>
      </div>
    </section>
  );
}
