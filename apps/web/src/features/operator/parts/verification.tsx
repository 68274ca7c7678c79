import { useMutation } from '@tanstack/react-query';
import { BadgeCheck, ShieldAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { nowMs } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Failed } from '../../../ui/states.tsx';
import { tookWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

export interface Verdict {
  readonly good: boolean;
  readonly headline: string;
  readonly words: string;
  readonly figures: readonly { readonly name: string; readonly value: ReactNode }[];
  /** What is wrong, one by one. */
  readonly findings?: readonly string[];
}

/** Enough to see the kind of trouble; the API lists the rest. */
const FINDINGS_SHOWN = 20;

interface Props {
  readonly label: string;
  readonly working: string;
  readonly idle: string;
  readonly verify: () => Promise<Verdict>;
}

/** A check that takes a while: the button, its progress, its stamp. */
export function Verification({ label, working, idle, verify }: Props) {
  const check = useMutation({
    mutationFn: async () => {
      const started_ms = nowMs();
      return { verdict: await verify(), took_ms: nowMs() - started_ms };
    },
  });
  return (
    <div aria-live="polite">
      {check.isIdle ? <p className="mb-4 max-w-prose text-ink-soft">{idle}</p> : null}
      {check.isPending ? (
        <div className="mb-4">
          <div className="hauling h-1.5 rounded-full" aria-hidden="true" />
          <p className="mt-1.5 text-sm text-ink-soft">{working}</p>
        </div>
      ) : null}
      {check.isError ? (
        <div className="mb-4">
          <Failed error={check.error} retry={() => check.mutate()} />
        </div>
      ) : null}
      {check.data === undefined ? null : <Stamp verdict={check.data.verdict} took_ms={check.data.took_ms} />}
      <Button kind={check.data === undefined ? 'act' : 'plain'} disabled={check.isPending} onClick={() => check.mutate()}>
        {check.isPending ? t('Verifying…') : check.data === undefined ? label : `${label} again`}
      </Button>
    </div>
  );
}

function Stamp({ verdict, took_ms }: { readonly verdict: Verdict; readonly took_ms: number }) {
  const Icon = verdict.good ? BadgeCheck : ShieldAlert;
  const paint = verdict.good ? 'border-fair bg-fair-wash' : 'border-oxide-paint bg-oxide-wash';
  return (
    <div className={`rising mb-4 rounded-lg border-2 p-4 sm:p-5 ${paint}`}>
      <p className={`narrow flex items-center gap-2 text-3xl font-bold ${verdict.good ? 'text-fair' : 'text-oxide'}`}>
        <Icon size={30} aria-hidden="true" />
        {verdict.headline}
      </p>
      <p className="mt-1 max-w-prose text-ink-soft">
        {verdict.words} {t('Checked in')} {tookWords(took_ms)}.
      </p>
      <dl className="figures mt-3 flex flex-wrap gap-x-8 gap-y-2">
        {verdict.figures.map(({ name, value }) => (
          <div key={name}>
            <dt className="label text-ink-soft">{name}</dt>
            <dd className="narrow text-2xl font-semibold [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
      {verdict.findings === undefined || verdict.findings.length === 0 ? null : (
        <ul className="mt-3 list-disc space-y-1 pl-5 text-sm [overflow-wrap:anywhere]">
          {verdict.findings.slice(0, FINDINGS_SHOWN).map((finding) => (
            <li key={finding}>{finding}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
