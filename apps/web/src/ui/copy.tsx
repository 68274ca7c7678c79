import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from './button.tsx';
import { t } from '../words/translate.ts';

/** Copies text; on a page without the clipboard it says so instead of seeming to work. */
export function CopyButton({
  text,
  label,
  kind = 'quiet',
}: {
  readonly text: string;
  readonly label: string;
  readonly kind?: 'quiet' | 'act' | 'plain';
}) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState('done');
    } catch {
      setState('failed');
    }
    setTimeout(() => setState('idle'), 2500);
  };
  return (
    <Button kind={kind} onClick={() => void copy()}>
      {state === 'done' ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
      <span aria-live="polite">{state === 'idle' ? label : state === 'done' ? t('Copied') : t('Select and copy by hand')}</span>
    </Button>
  );
}
