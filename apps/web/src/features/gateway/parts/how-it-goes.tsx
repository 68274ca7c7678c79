import { Anchor } from 'lucide-react';

import { t } from '../../../words/translate.ts';

/** Before the first call: what will happen, so that the meters make sense. */
export function HowItGoes() {
  const steps = [
    [t('Reserved'), t('The most this call could take is reserved: credits, limits and quotas, all or nothing.')],
    [t('Answered'), t('The cheapest model that is good enough does the work. You can stop it any time.')],
    [t('Settled'), t('Only the real cost is booked. The rest of the reservation is released.')],
  ] as const;
  return (
    <section aria-label={t('How a call works')} className="rounded-xl border border-dashed border-edge px-4 py-5 sm:px-6">
      <h2 className="narrow flex items-center gap-2 text-xl font-semibold">
        <Anchor size={18} aria-hidden="true" className="text-oxide" />
        {t('How a call works')}
      </h2>
      <ol className="mt-3 grid gap-4 sm:grid-cols-3">
        {steps.map(([title, text], i) => (
          <li key={title}>
            <p className="narrow text-lg font-semibold">
              <span className="figures mr-1.5 text-oxide">{i + 1}</span>
              {title}
            </p>
            <p className="text-[0.9375rem] text-ink-soft">{text}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
