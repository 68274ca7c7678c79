import type { Offer } from '@purser/api';
import { Ban, LifeBuoy } from 'lucide-react';
import type { Problem } from '../../../api/problem.ts';
import { useCountdown } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Forward } from '../../../ui/forward.tsx';
import { formatMoney } from '../../../words/amount.ts';
import { type Action, explain, waitWords } from '../../../words/problem.ts';
import { t } from '../../../words/translate.ts';

interface Props {
  readonly problem: Problem;
  readonly again: () => void;
  /** What had arrived before it broke off. */
  readonly partial?: string;
  /** The reader had said what it may cost at most. */
  readonly cost_limited?: boolean;
}

/** A "no" in plain words: what happened, what it cost (nothing), and what to do. */
export function RefusalCard({ problem, again, partial = '', cost_limited = false }: Props) {
  const plain = explain(problem, { cost_limited });
  const wait_seconds = useCountdown(plain.wait_seconds);
  const Icon = plain.tone === 'no' ? Ban : LifeBuoy;
  return (
    <section
      role="alert"
      aria-label={t('Not done')}
      className="rising overflow-hidden rounded-xl border-l-[6px] border-oxide-paint bg-deck shadow-deck"
    >
      <div className="px-4 py-5 sm:px-6">
        <h2 className="narrow flex items-start gap-2.5 text-2xl leading-tight font-semibold">
          <Icon size={22} aria-hidden="true" className="mt-0.5 shrink-0 text-oxide" />
          {plain.headline}
        </h2>
        <p className="mt-2 max-w-prose text-ink-soft">{plain.why}</p>
        {plain.tone === 'no' && partial === '' ? (
          <p className="mt-1 font-semibold text-fair">{t('Nothing was charged.')}</p>
        ) : null}
        {partial === '' ? null : (
          <blockquote className="mt-3 border-l-2 border-rule pl-3 whitespace-pre-wrap text-ink-soft">{partial}</blockquote>
        )}
        <h3 className="label mt-4 text-ink-soft">{t('What you can do')}</h3>
        <ul className="mt-1 list-disc space-y-1 pl-5">
          {plain.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ul>
        <Offers offers={plain.offers} />
        <Forward action={plain.action ?? planAction(plain.offers)} className="mt-3 text-lg" />
        {plain.again ? (
          <Button onClick={again} disabled={wait_seconds > 0} className="mt-5">
            <span className="figures">{wait_seconds > 0 ? waitWords(wait_seconds) : t('Try again')}</span>
          </Button>
        ) : null}
      </div>
      <details className="border-t border-rule bg-well px-4 text-sm sm:px-6">
        <summary className="min-h-10 cursor-pointer py-2.5 font-semibold text-ink-soft">{t('Details for the operator')}</summary>
        <p className="pb-3 text-ink-soft">
          <code>{problem.code}</code>
          {problem.status === 0 ? '' : t(' · HTTP {status}', { status: problem.status })} · {problem.title}
        </p>
      </details>
    </section>
  );
}

/** What is for sale, and what is to be paid, lies on the plan's page. */
const ON_PLAN_PAGE = new Set(['pack', 'upgrade', 'pay']);

function planAction(offers: readonly Offer[]): Action | undefined {
  return offers.some(({ kind }) => ON_PLAN_PAGE.has(kind)) ? { label: t('Go to your plan'), to: '/plan' } : undefined;
}

function Offers({ offers }: { readonly offers: readonly Offer[] }) {
  if (offers.length === 0) return null;
  return (
    <ul className="mt-4 grid gap-2 sm:grid-cols-2" aria-label={t('Offers')}>
      {offers.map((offer) => (
        <li
          key={`${offer.kind} ${offer.id}`}
          className="flex items-baseline justify-between gap-3 rounded-md border border-edge bg-signal-wash px-3.5 py-2.5"
        >
          <span className="font-semibold">{offer.text}</span>
          {offer.price === undefined ? null : (
            <span className="narrow figures text-lg font-semibold whitespace-nowrap">{formatMoney(offer.price)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
