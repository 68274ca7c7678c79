import type { Pack, Plan, Usage } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { packsQuery, plansQuery } from '../../../api/sale.ts';
import { usageQuery } from '../../../api/queries.ts';
import { CheckoutButton } from '../parts/checkout-button.tsx';
import { PayButton } from '../parts/pay-button.tsx';
import { ReceiptsPanel } from '../parts/receipts-panel.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { useParameterOnce } from '../../../browser/route.ts';
import { compare, decimalOf, formatCount, formatMoney, formatMoneyShort } from '../../../words/amount.ts';
import { featureWords } from '../../../words/feature.ts';
import { licenseWords } from '../../../words/license.ts';
import { costLeft } from '../../../words/meter.ts';
import { t } from '../../../words/translate.ts';

/** What the workspace is on, and what it can buy. */
export function PlanPage() {
  const usage = useQuery(usageQuery);
  const plans = useQuery(plansQuery);
  return (
    <>
      <PageHead title={t('Plan')}>{t('Your plan, and what you can add. You pay on the payment provider’s own page.')}</PageHead>
      <CheckoutOutcome />
      <div className="grid gap-4 sm:gap-6">
        {usage.isPending || plans.isPending ? <Loading what={t('your plan')} lines={5} /> : null}
        {usage.isError && usage.data === undefined ? <Failed error={usage.error} retry={() => void usage.refetch()} /> : null}
        {plans.isError ? <Failed error={plans.error} retry={() => void plans.refetch()} /> : null}
        {usage.data === undefined || plans.data === undefined ? null : (
          <>
            <Current usage={usage.data} plan={plans.data.find(({ code }) => code === usage.data.plan)} />
            <Packs allowed={plans.data.find(({ code }) => code === usage.data.plan)?.packs} />
            <Plans plans={plans.data} current={usage.data.plan} ended={usage.data.license === 'cancelled'} />
          </>
        )}
        <ReceiptsPanel />
      </div>
    </>
  );
}

/** What came of the visit to the payment page; the credits themselves follow the payment provider’s word. */
function CheckoutOutcome() {
  const outcome = useParameterOnce('checkout');
  if (outcome !== 'paid' && outcome !== 'cancelled') return null;
  const paid = outcome === 'paid';
  return (
    <p
      role="status"
      className={`rising mb-4 flex gap-3 rounded-lg border-l-4 px-4 py-3 sm:mb-6 ${paid ? 'border-fair bg-fair-wash' : 'border-edge bg-deck'}`}
    >
      {paid ? (
        <CircleCheck size={20} aria-hidden="true" className="mt-0.5 shrink-0 text-fair" />
      ) : (
        <Undo2 size={20} aria-hidden="true" className="mt-0.5 shrink-0 text-ink-soft" />
      )}
      <span>
        {paid
          ? t(
              'Thank you. As soon as the payment is confirmed, usually within seconds, your purchase shows here with its receipt.',
            )
          : t('You left the payment page. Nothing was bought and nothing was charged.')}
      </span>
    </p>
  );
}

function Current({ usage, plan }: { readonly usage: Usage; readonly plan: Plan | undefined }) {
  return (
    <Panel title={usage.plan_name} aside={<span className="text-ink-soft">{licenseWords(usage.license)}</span>}>
      <dl className="figures grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-4">
        <Fact name={t('A month')}>{plan === undefined ? t('as agreed') : monthlyPrice(plan)}</Fact>
        <Fact name={t('Credits left')}>{formatCount(usage.credits.balance)}</Fact>
        {usage.cost === undefined ? null : (
          <>
            <Fact name={t('Budget left')}>{formatMoneyShort(costLeft(usage.cost))}</Fact>
            <Fact name={t('Cost ceiling')}>{formatMoney(usage.cost.ceiling)}</Fact>
          </>
        )}
      </dl>
      <div className="mt-5">
        <PayButton kind="plain" label={t('Cards, invoices and subscription')} />
      </div>
    </Panel>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt className="label text-ink-soft">{name}</dt>
      <dd className="narrow text-2xl font-semibold">{children}</dd>
    </div>
  );
}

function monthlyPrice({ price }: Plan): string {
  return compare(price.amount, '0') === 0 ? 'free' : formatMoney(price);
}

function Packs({ allowed }: { readonly allowed: readonly string[] | undefined }) {
  const packs = useQuery(packsQuery);
  const shown = packs.data?.filter(({ code }) => allowed?.includes(code) ?? true) ?? [];
  return (
    <Panel title={t('Packs')}>
      <p className="mb-4 max-w-prose text-ink-soft">
        {t('Extra credits at once. A pack also raises the month’s limits, so that you can spend them.')}
      </p>
      {packs.isPending ? <Loading what={t('the packs')} /> : null}
      {packs.isError ? <Failed error={packs.error} retry={() => void packs.refetch()} /> : null}
      {packs.isSuccess && shown.length === 0 ? (
        <Empty title={t('This plan has no packs')}>{t('A larger plan has more credits, and packs of its own.')}</Empty>
      ) : null}
      <ul className="grid gap-3 sm:grid-cols-2">
        {shown.map((pack) => (
          <PackCard key={pack.code} pack={pack} />
        ))}
      </ul>
    </Panel>
  );
}

function PackCard({ pack }: { readonly pack: Pack }) {
  const [quantity, setQuantity] = useState(1);
  const counts = [1, ...pack.tiers.map(({ from }) => from)];
  return (
    <li className="flex flex-col rounded-lg border border-edge p-4">
      <div className="flex items-baseline justify-between gap-3">
        <h3 className="narrow text-2xl font-semibold">{pack.name}</h3>
        <p className="narrow figures text-2xl font-semibold">{formatMoney(pack.price)}</p>
      </div>
      <p className="mt-1 text-[0.9375rem] text-ink-soft">
        {pack.raises === undefined ? '' : t('Raises the cost ceiling by {raises}. ', { raises: formatMoney(pack.raises) })}
        {pack.expires_months === null
          ? t('They never expire.')
          : t('They expire after {expires_months} months.', { expires_months: pack.expires_months })}
      </p>
      {pack.tiers.length === 0 ? null : (
        <ul className="figures mt-2 text-sm text-ink-soft">
          {pack.tiers.map((tier) => (
            <li key={tier.from}>
              {t('From the')} {ordinal(tier.from)} {t('on:')} {formatMoney(tier.price)} {t('each')}
            </li>
          ))}
        </ul>
      )}
      <div className="mt-auto flex flex-wrap items-end gap-3 pt-4">
        <label className="label text-ink-soft">
          {t('How many')}
          <select
            value={quantity}
            onChange={(event) => setQuantity(Number(event.target.value))}
            className="mt-1 block min-h-11 rounded-md border border-edge bg-deck px-3 text-base text-ink"
          >
            {counts.map((count) => (
              <option key={count}>{count}</option>
            ))}
          </select>
        </label>
        <CheckoutButton
          wanted={{ pack: pack.code, quantity }}
          label={quantity === 1 ? t('Buy') : t('Buy {quantity}', { quantity })}
          about={quantity === 1 ? pack.name : `${quantity} × ${pack.name}`}
        />
      </div>
    </li>
  );
}

function ordinal(count: number): string {
  const rule = new Intl.PluralRules('en', { type: 'ordinal' }).select(count);
  return `${count}${{ one: 'st', two: 'nd', few: 'rd', other: 'th', zero: 'th', many: 'th' }[rule]}`;
}

function Plans({
  plans,
  current,
  ended,
}: {
  readonly plans: readonly Plan[];
  readonly current: string;
  readonly ended: boolean;
}) {
  return (
    <Panel title={t('Plans')}>
      <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
        {plans.map((plan) => (
          <PlanCard key={plan.code} plan={plan} current={plan.code === current} ended={ended} />
        ))}
      </ul>
    </Panel>
  );
}

function PlanCard({ plan, current, ended }: { readonly plan: Plan; readonly current: boolean; readonly ended: boolean }) {
  const free = compare(plan.price.amount, '0') === 0;
  const no_credits = compare(decimalOf(plan.credits), '0') === 0;
  return (
    <li className={`flex flex-col rounded-lg border p-4 ${current ? 'border-2 border-store' : 'border-edge'}`}>
      <div className="flex items-baseline justify-between gap-3">
        <h3 className="narrow text-2xl font-semibold">{plan.name}</h3>
        <p className="narrow figures text-xl font-semibold">
          {plan.negotiable ? t('from {price}', { price: monthlyPrice(plan) }) : monthlyPrice(plan)}
          {free ? '' : <span className="text-base font-medium text-ink-soft"> {t('a month')}</span>}
        </p>
      </div>
      <p className="figures mt-1 text-[0.9375rem] text-ink-soft">
        {no_credits ? t('No credits.') : t('{credits} credits a month.', { credits: formatCount(plan.credits) })}{' '}
        {free
          ? t('Free models only.')
          : plan.ceiling === undefined
            ? ''
            : t('Calls may cost up to {ceiling}.', { ceiling: formatMoney(plan.ceiling) })}
      </p>
      <p className="mt-2 mb-4 text-[0.9375rem]">{plan.features.map(featureWords).join(' · ')}</p>
      <div className="mt-auto">
        {current && !ended ? (
          <p className="flex min-h-11 items-center gap-2 font-semibold text-store">
            <CircleCheck size={18} aria-hidden="true" />
            {t('Your plan')}
          </p>
        ) : plan.negotiable ? (
          <p className="flex min-h-11 items-center text-ink-soft">{t('Contact us: terms are agreed with each customer.')}</p>
        ) : free ? (
          <p className="flex min-h-11 items-center text-ink-soft">{t('End the subscription to return to it.')}</p>
        ) : (
          <CheckoutButton
            wanted={{ plan: plan.code }}
            kind="plain"
            label={current ? t('Subscribe again') : t('Move to {name}', { name: plan.name })}
            about=""
          />
        )}
      </div>
    </li>
  );
}
