import type { Cost, Meter, Offer, Usage } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { TrendingDown } from 'lucide-react';
import { useState } from 'react';
import { policyQuery } from '../../../api/usage.ts';
import { usageQuery } from '../../../api/queries.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Link } from '../../../ui/link.tsx';
import { PolicyTable } from '../parts/policy-table.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { compare, decimalOf, formatCount, formatMoney } from '../../../words/amount.ts';
import { licenseWords } from '../../../words/license.ts';
import { meterWords } from '../../../words/meter.ts';
import { dayWords } from '../../../words/time.ts';
import { DailyUsage } from '../parts/daily-usage.tsx';
import { Ahead } from '../parts/ahead.tsx';
import { CeilingMeter, CreditMeter, SmallMeter, smallMeters } from '../parts/stores.tsx';
import { t } from '../../../words/translate.ts';

/** Every meter, with what it limits and when it is fresh again; what is throttled and why; and where it all comes from. */
export function UsagePage() {
  const usage = useQuery(usageQuery);
  return (
    <>
      <PageHead title={t('Usage and limits')}>
        {t(
          'A call runs only when each of these limits has enough left for its maximum cost. Solid is left, hatched is reserved by running calls.',
        )}
      </PageHead>
      {usage.isPending ? <Loading what={t('your limits')} lines={6} /> : null}
      {usage.isError && usage.data === undefined ? <Failed error={usage.error} retry={() => void usage.refetch()} /> : null}
      {usage.data === undefined ? null : (
        <div className="grid gap-4 sm:gap-6">
          <Throttled usage={usage.data} />
          <LimitsOf usage={usage.data} />
          <Panel title={t('Day by day')}>
            <DailyUsage />
          </Panel>
          <WhereFrom />
        </div>
      )}
    </>
  );
}

/** What ladders serve less well now, why, and what climbs back. */
function Throttled({ usage: { degraded, offers } }: { readonly usage: Usage }) {
  if (degraded.length === 0 && offers.length === 0) return null;
  return (
    <section
      aria-label={t('Throttled')}
      data-testid="throttled"
      className="rounded-xl border-l-[6px] border-signal bg-signal-wash px-4 py-4 sm:px-6"
    >
      <h2 className="narrow flex items-center gap-2 text-xl font-semibold">
        <TrendingDown size={20} aria-hidden="true" className="text-held" />
        {degraded.length === 0 ? t('Nearly used up') : t('Reduced service')}
      </h2>
      <ul className="mt-2 grid gap-1.5">
        {degraded.map((step) => (
          <li key={step.what}>
            <strong>{capital(step.what.replaceAll('_', ' '))}</strong>{' '}
            <span className="text-ink-soft">{t('because {reason}', { reason: step.why })}</span>
          </li>
        ))}
      </ul>
      {offers.length === 0 ? null : <Offers offers={offers} />}
    </section>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function Offers({ offers }: { readonly offers: readonly Offer[] }) {
  return (
    <div className="mt-3">
      <p>{t('Each of these ends it at once:')}</p>
      <ul className="figures mt-1 list-disc pl-5">
        {offers.map((offer) => (
          <li key={`${offer.kind} ${offer.id}`}>
            {offer.text}
            {offer.price === undefined ? '' : `, ${formatMoney(offer.price)}`}
          </li>
        ))}
      </ul>
      <p className="mt-2 text-lg">
        <Link to="/plan">{t('See packs and plans')}</Link>
      </p>
    </div>
  );
}

function LimitsOf({ usage }: { readonly usage: Usage }) {
  const now_ms = useNow(60_000);
  const small = smallMeters(usage);
  return (
    <div className="grid items-start gap-4 sm:gap-6 lg:grid-cols-2">
      <div className="grid gap-4 sm:gap-6">
        <Panel title={usage.cost === undefined ? t('Credits') : t('Money and credits')}>
          <div className="grid gap-7">
            {usage.cost === undefined ? null : (
              <div>
                <CeilingMeter usage={usage} />
                <p className="mt-2 text-sm text-ink-soft">
                  {meterWords({ key: 'cost' }).about} <Reserve meters={usage.meters} cost={usage.cost} />
                </p>
              </div>
            )}
            <div>
              <CreditMeter usage={usage} />
              <p className="mt-2 text-sm text-ink-soft">{meterWords({ key: 'credits' }).about}</p>
            </div>
          </div>
        </Panel>
        <Panel title={t('Forecast')}>
          <Ahead usage={usage} />
        </Panel>
      </div>
      <div className="grid gap-4 sm:gap-6">
        <Panel title={t('Quotas')}>
          {small.length === 0 ? <p className="text-ink-soft">{t('Your plan sets no other limits.')}</p> : null}
          <div className="grid gap-6">
            {small.map((meter) => (
              <SmallMeter key={`${meter.key} ${meter.window}`} meter={meter} about />
            ))}
          </div>
        </Panel>
        <Panel title={t('Plan')} aside={<Link to="/plan">{t('Change or add')}</Link>}>
          <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
            <dt className="text-ink-soft">{t('Plan')}</dt>
            <dd className="font-semibold">{usage.plan_name}</dd>
            <dt className="text-ink-soft">{t('Subscription')}</dt>
            <dd className="font-semibold">{licenseWords(usage.license)}</dd>
            {usage.credits.expiring.map((grant) => (
              <div key={`${grant.source} ${grant.expires_at}`} className="contents">
                <dt className="text-ink-soft">{t('Expires {day}', { day: dayWords(grant.expires_at, now_ms) })}</dt>
                <dd className="figures font-semibold">{t('{count} credits', { count: formatCount(grant.credits) })}</dd>
              </div>
            ))}
          </dl>
        </Panel>
      </div>
    </div>
  );
}

/** What is admitted of the ceiling, when that is less than all of it. */
function Reserve({ meters, cost }: { readonly meters: readonly Meter[]; readonly cost: Cost }) {
  const cap = meters.find(({ key }) => key === 'cost')?.cap;
  if (cap === undefined || compare(decimalOf(cap), cost.ceiling.amount) >= 0) return null;
  const admitted = { amount: decimalOf(cap), currency: cost.ceiling.currency };
  return <>{t('Calls are admitted up to {amount}; the rest is a reserve.', { amount: formatMoney(admitted) })}</>;
}

/** Asked for only when somebody wants to know. */
function WhereFrom() {
  const [asked, setAsked] = useState(false);
  const policy = useQuery({ ...policyQuery, enabled: asked });
  return (
    <Panel title={t('Where each rule comes from')}>
      <p className="mb-4 max-w-prose text-ink-soft">
        {t(
          'Your plan, the terms agreed with you, your subscription, and what is throttled now: together they make the rules of each call.',
        )}
      </p>
      {asked ? null : <Button onClick={() => setAsked(true)}>{t('Show every rule and its reason')}</Button>}
      {asked && policy.isPending ? <Loading what={t('the rules')} lines={6} /> : null}
      {policy.isError ? <Failed error={policy.error} retry={() => void policy.refetch()} /> : null}
      {policy.data === undefined ? null : <PolicyTable policy={policy.data} />}
    </Panel>
  );
}
