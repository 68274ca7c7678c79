import type { LicenseNotice } from '@purser/api';
import { TriangleAlert } from 'lucide-react';
import { useNow } from '../../../browser/now.ts';
import { featureWords } from '../../../words/feature.ts';
import { untilWords } from '../../../words/time.ts';
import { Link } from '../../../ui/link.tsx';
import { PayButton } from './pay-button.tsx';
import { spokenLanguage, t } from '../../../words/translate.ts';

/** Why something is off, and the one thing that helps. */
export function LicenseNoticeBanner({ notice }: { readonly notice: LicenseNotice }) {
  const now_ms = useNow(60_000);
  const { off, off_next, ends_at, action, what_to_do, stage } = notice;
  return (
    <section
      aria-label={t('Subscription')}
      data-testid="license"
      className="mb-4 grid gap-x-5 gap-y-3 rounded-xl border-l-[6px] border-oxide-paint bg-oxide-wash px-4 py-4 sm:mb-6 sm:grid-cols-[1fr_auto] sm:items-center sm:px-6"
    >
      <div>
        <h2 className="narrow flex items-start gap-2 text-xl leading-tight font-semibold">
          <TriangleAlert size={20} aria-hidden="true" className="mt-0.5 shrink-0 text-oxide" />
          {headlineOf(stage, off)}
        </h2>
        <p className="mt-1 max-w-prose text-ink-soft">
          {off_next.length === 0 || ends_at === null
            ? ''
            : t('Off next, {when}: {features}. ', { when: untilWords(ends_at, now_ms), features: listWords(off_next) })}
          {what_to_do}
        </p>
      </div>
      {action.id === 'subscription' ? (
        <p className="text-lg">
          <Link to="/plan">{action.text}</Link>
        </p>
      ) : (
        <PayButton label={action.text} />
      )}
    </section>
  );
}

function headlineOf(stage: LicenseNotice['stage'], off: readonly string[]): string {
  const headline = stage === 'cancelled' ? t('The subscription has ended') : t('A payment failed');
  return off.length === 0 ? headline : t('{headline}. Off now: {features}', { headline, features: listWords(off) });
}

function listWords(features: readonly string[]): string {
  const words = features.map((feature, place) => (place === 0 ? featureWords(feature) : featureWords(feature).toLowerCase()));
  return new Intl.ListFormat(spokenLanguage()).format(words);
}
