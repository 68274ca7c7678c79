import type { Answer } from '@purser/api';
import { ArrowDownWideNarrow, RotateCcw, ServerOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { GenerateBody } from '../api/generate.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { Prose } from '../../../ui/prose.tsx';
import { decimalOf, formatCount, formatMoney, type Quantity } from '../../../words/amount.ts';
import { tookWords } from '../../../words/time.ts';
import { RefusalCard } from './refusal.tsx';
import type { Run } from './run.ts';
import { t } from '../../../words/translate.ts';

interface Props {
  readonly run: Run;
  readonly again: (body: GenerateBody) => void;
}

/** The answer as it arrives, and the slip that says what it cost. */
export function AnswerPanel({ run, again }: Props) {
  switch (run.phase) {
    case 'idle':
      return null;
    case 'reserved':
    case 'answering':
      return (
        <Sheet status={<Progress started_ms={run.started_ms} answering={run.phase === 'answering'} />}>
          <AnswerText text={run.text} arriving />
        </Sheet>
      );
    case 'stopped':
      return (
        <Sheet
          status={
            <p role="status">{t('Stopped. You pay for what was read and delivered; the rest of the reservation is released.')}</p>
          }
        >
          {run.text === '' ? <p className="text-ink-faint">{t('Nothing had arrived yet.')}</p> : <AnswerText text={run.text} />}
        </Sheet>
      );
    case 'refused':
      return (
        <RefusalCard
          problem={run.problem}
          partial={run.text}
          cost_limited={run.body.max_cost !== undefined}
          again={() => again(run.body)}
        />
      );
    case 'done':
      return <Done run={run} again={again} />;
    default: {
      const never: never = run;
      return never;
    }
  }
}

function Done({ run, again }: { readonly run: Run & { readonly phase: 'done' }; readonly again: (body: GenerateBody) => void }) {
  const { answer } = run;
  return (
    <div className="rising">
      <Sheet
        slip
        status={
          <p role="status" className="sr-only">
            {answer.cost === undefined
              ? t('Done. Charged: {credits}.', { credits: creditWords(answer.credits.charged) })
              : t('Done. Cost: {cost}. Charged: {credits}.', {
                  cost: formatMoney(answer.cost),
                  credits: creditWords(answer.credits.charged),
                })}{' '}
            {t('{count} credits left.', { count: formatCount(answer.credits.balance) })}
          </p>
        }
      >
        {answer.offline ? (
          <Note icon={<ServerOff size={18} aria-hidden="true" />} title={t('Offline')}>
            {t(
              'No provider key is set, so no model was asked. Purser worked on your text with its own rules and templates, and booked it at stand-in prices so that every limit can be seen at work.',
            )}
          </Note>
        ) : null}
        {answer.degraded.map((step) => (
          <Note key={step.what} icon={<ArrowDownWideNarrow size={18} aria-hidden="true" />} title={degradedTitle(step.what)}>
            {step.why}
          </Note>
        ))}
        <AnswerText text={answer.output} />
        <div className="-ml-3 mt-3 flex flex-wrap gap-1">
          <CopyButton text={answer.output} label={t('Copy the answer')} />
          <Button kind="quiet" onClick={() => again(run.body)}>
            <RotateCcw size={16} aria-hidden="true" />
            {t('Run it again')}
          </Button>
        </div>
      </Sheet>
      <Slip answer={answer} took_ms={run.took_ms} />
    </div>
  );
}

function creditWords(count: Quantity): string {
  return `${formatCount(count)} ${decimalOf(count) === '1' ? 'credit' : 'credits'}`;
}

function degradedTitle(what: string): string {
  const words = what.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Sheet({
  status,
  slip = false,
  children,
}: {
  readonly status: ReactNode;
  readonly slip?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <section
      aria-label={t('Answer')}
      className={`bg-deck px-4 pt-4 pb-4 shadow-deck sm:px-6 sm:pt-5 ${slip ? 'rounded-t-xl' : 'rounded-xl'}`}
    >
      <h2 className="narrow mb-2 text-2xl font-semibold">{t('Answer')}</h2>
      {status}
      {children}
    </section>
  );
}

function AnswerText({ text, arriving = false }: { readonly text: string; readonly arriving?: boolean }) {
  return (
    <div className="mt-2 max-w-[68ch] text-[1.0625rem] leading-relaxed [overflow-wrap:anywhere]">
      <Prose text={text} />
      {arriving ? (
        <span
          aria-hidden="true"
          className="ml-0.5 inline-block h-[1.1em] w-[0.5em] translate-y-[0.2em] animate-[caret_1s_steps(2)_infinite] bg-signal"
        />
      ) : null}
    </div>
  );
}

function Progress({ started_ms, answering }: { readonly started_ms: number; readonly answering: boolean }) {
  const now_ms = useNow(200);
  return (
    <div>
      <div className="hauling h-1.5 overflow-hidden rounded-full" aria-hidden="true" />
      <div className="mt-1.5 flex justify-between gap-3 text-sm text-ink-soft">
        <p role="status">{answering ? t('The answer is arriving.') : t('Credits are reserved. Waiting for the first words.')}</p>
        <p className="figures" aria-hidden="true">
          {tookWords(Math.max(100, now_ms - started_ms))}
        </p>
      </div>
    </div>
  );
}

function Note({ icon, title, children }: { readonly icon: ReactNode; readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="mb-3 flex gap-3 rounded-md bg-signal-wash px-3.5 py-2.5 text-[0.9375rem]">
      <span className="mt-0.5 text-held">{icon}</span>
      <p>
        <strong>{title}.</strong> <span className="text-ink-soft">{children}</span>
      </p>
    </div>
  );
}

/** The slip of one call: every figure the books now hold about it. */
function Slip({ answer, took_ms }: { readonly answer: Answer; readonly took_ms: number }) {
  const model = `${answer.model.provider} / ${answer.model.name}`;
  return (
    <div className="torn bg-slip px-4 pt-4 pb-6 text-on-hull sm:px-6">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <dl className="flex flex-wrap gap-x-8 gap-y-3">
          {answer.cost === undefined ? null : <SlipFigure name={t('Cost')} value={formatMoney(answer.cost)} testid="cost" />}
          <SlipFigure name={t('Charged')} value={`${formatCount(answer.credits.charged)} cr`} testid="charged" />
          <SlipFigure name={t('Balance')} value={`${formatCount(answer.credits.balance)} cr`} />
        </dl>
        <dl className="figures grid grid-cols-[auto_1fr] gap-x-3 text-sm text-on-hull-soft">
          <dt>{t('Model')}</dt>
          <dd className="text-on-hull">{model}</dd>
          <dt>{t('Tokens')}</dt>
          <dd className="text-on-hull">
            {formatCount(answer.usage.input_tokens)} {t('in,')} {formatCount(answer.usage.output_tokens)} {t('out')}
          </dd>
          <dt>{t('Took')}</dt>
          <dd className="text-on-hull">{tookWords(took_ms)}</dd>
        </dl>
      </div>
      <p className="mt-3 border-t border-dashed border-on-hull/30 pt-2 text-xs [overflow-wrap:anywhere] text-on-hull-soft">
        {t('Transaction')} {answer.transaction_id}
      </p>
    </div>
  );
}

function SlipFigure({ name, value, testid }: { readonly name: string; readonly value: string; readonly testid?: string }) {
  return (
    <div>
      <dt className="label text-on-hull-soft">{name}</dt>
      <dd data-testid={testid} className="narrow figures text-3xl leading-tight font-semibold text-signal">
        {value}
      </dd>
    </div>
  );
}
