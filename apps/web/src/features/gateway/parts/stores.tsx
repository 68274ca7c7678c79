import type { Cost, Meter, Usage } from '@purser/api';
import type { UseQueryResult } from '@tanstack/react-query';
import { useNow } from '../../../browser/now.ts';
import { Change } from '../../../ui/change.tsx';
import { MoneyFigure } from '../../../ui/figure.tsx';
import { Gauge } from '../../../ui/gauge.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed } from '../../../ui/states.tsx';
import { compare, decimalOf, formatCount, formatMoney } from '../../../words/amount.ts';
import { costLeft, levelOf, meterWords, quantityWords, windowWords } from '../../../words/meter.ts';
import { dayWords, untilWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

/** What is left in the stores: the ceiling and the credits large, every other meter small. */
export function Stores({ usage }: { readonly usage: UseQueryResult<Usage> }) {
  return (
    <section className="overflow-hidden rounded-xl bg-deck shadow-deck">
      <div className="flex items-baseline justify-between gap-2 px-4 pt-3 sm:px-5 lg:pt-5">
        <h2 className="narrow text-xl font-semibold lg:text-2xl">{t('Limits')}</h2>
        <LiveDot stale={usage.isError} />
      </div>
      <div className="px-4 pt-1.5 pb-4 sm:px-5 lg:pt-3 lg:pb-5">
        {usage.isPending ? <Loading what={t('your meters')} lines={4} /> : null}
        {usage.isError && usage.data === undefined ? <Failed error={usage.error} retry={() => void usage.refetch()} /> : null}
        {usage.data === undefined ? null : <StoresOf usage={usage.data} />}
      </div>
    </section>
  );
}

function LiveDot({ stale }: { readonly stale: boolean }) {
  return stale ? (
    <span className="text-sm text-oxide">{t('not live: no connection to Purser')}</span>
  ) : (
    <span className="flex items-center gap-1.5 text-sm text-ink-faint">
      <span className="size-2 rounded-full bg-fair" aria-hidden="true" />
      {t('live')}
    </span>
  );
}

function StoresOf({ usage }: { readonly usage: Usage }) {
  return (
    <div className="grid grid-cols-2 gap-x-4 gap-y-5 lg:grid-cols-1">
      <CeilingMeter usage={usage} />
      <CreditMeter usage={usage} />
      <div className="col-span-full grid gap-3 max-lg:hidden">
        {callMeters(usage).map((meter) => (
          <SmallMeter key={`${meter.key} ${meter.window}`} meter={meter} />
        ))}
      </div>
    </div>
  );
}

/** What a call of a text counts on. */
const CALL_UNITS = new Set(['call', 'token', 'job']);

function callMeters(usage: Usage): readonly Meter[] {
  return smallMeters(usage).filter(({ unit }) => CALL_UNITS.has(unit));
}

/** The meters that are not already shown large. */
export function smallMeters(usage: Usage): readonly Meter[] {
  return usage.meters.filter((meter) => meter.key !== 'credits' && meter.key !== 'cost');
}

/** Where cost is shown. */
export function CeilingMeter({ usage: { cost } }: { readonly usage: Usage }) {
  return cost === undefined ? null : <CeilingOf cost={cost} />;
}

function CeilingOf({ cost }: { readonly cost: Cost }) {
  const { ceiling, spent, held, unresolved } = cost;
  const level = levelOf({ cap: ceiling, used: spent, held });
  const left = costLeft(cost);
  if (compare(ceiling.amount, '0') === 0) {
    return (
      <div>
        <p className="label text-ink-soft">{t('Cost ceiling')}</p>
        <p className="narrow text-2xl font-semibold">{t('No cost allowed')}</p>
        <p className="text-sm text-ink-soft">
          {t('Calls of your plan must be free of cost. {amount} spent so far.', { amount: formatMoney(spent) })}
        </p>
      </div>
    );
  }
  return (
    <div data-testid="ceiling">
      <div className="flex items-center justify-between gap-2">
        <p className="label text-ink-soft">
          <span className="max-lg:hidden">{t('Budget left')}</span>
          <span className="lg:hidden">{t('Budget')}</span>
        </p>
        <Change value={costLeft({ ...cost, held: { amount: '0', currency: held.currency } })} />
      </div>
      <MoneyFigure money={left} className="block text-[2rem] leading-tight sm:text-[2.5rem]" />
      <Gauge
        level={level}
        name={t('Cost ceiling')}
        words={t('{left} of {ceiling} left, {held} reserved', {
          left: formatMoney(left),
          ceiling: formatMoney(ceiling),
          held: formatMoney(held),
        })}
        tall
      />
      <p className="figures mt-1.5 text-sm text-ink-soft">
        <span className="max-lg:hidden">{t('{amount} spent', { amount: formatMoney(spent) })} </span>
        {t('of {total}', { total: formatMoney(ceiling) })}
        {compare(held.amount, '0') > 0 ? <Held words={formatMoney(held)} /> : null}
      </p>
      {compare(unresolved.amount, '0') > 0 ? (
        <p className="figures text-sm text-ink-soft">
          {t('{amount} of it unresolved: the provider has not said yet what these calls cost.', {
            amount: formatMoney(unresolved),
          })}
        </p>
      ) : null}
    </div>
  );
}

export function CreditMeter({ usage }: { readonly usage: Usage }) {
  const now_ms = useNow(60_000);
  const { balance, held, expiring } = usage.credits;
  const next = expiring[0];
  return (
    <div data-testid="credits">
      <div className="flex items-center justify-between gap-2">
        <p className="label text-ink-soft">{t('Credits')}</p>
        <Change value={balance} />
      </div>
      <p className="narrow figures text-[2rem] leading-tight font-semibold sm:text-[2.5rem]">{formatCount(balance)}</p>
      <p className="figures mt-1.5 text-sm text-ink-soft">
        {next === undefined
          ? compare(decimalOf(balance), '0') === 0
            ? t('no credits left for calls')
            : t('for calls')
          : t('{credits} expire on {expires_at}', {
              credits: formatCount(next.credits),
              expires_at: dayWords(next.expires_at, now_ms),
            })}
        {compare(decimalOf(held), '0') > 0 ? <Held words={formatCount(held)} /> : null}
      </p>
    </div>
  );
}

function Held({ words }: { readonly words: string }) {
  return (
    <span className="whitespace-nowrap">
      {' · '}
      <span className="hatched mr-1 inline-block size-2.5 border border-held" aria-hidden="true" />
      {words} {t('reserved')}
    </span>
  );
}

export function SmallMeter({ meter, about = false }: { readonly meter: Meter; readonly about?: boolean }) {
  const now_ms = useNow(30_000);
  const words = meterWords(meter);
  const level = levelOf(meter);
  const cap = quantityWords(meter.cap, meter.unit);
  const left = quantityWords(level.left, meter.unit);
  return (
    <div>
      <div className="mb-1 flex items-baseline justify-between gap-3 text-[0.9375rem]">
        <p className="font-semibold">
          {words.name}
          {about && meter.label === undefined ? (
            <span className="font-normal text-ink-faint"> {windowWords(meter.window)}</span>
          ) : null}
        </p>
        <p className="figures whitespace-nowrap">
          <strong className={level.state === 'ok' ? '' : 'text-oxide'}>{left}</strong>{' '}
          <span className="text-ink-faint">
            {t('of')} {cap}
          </span>
        </p>
      </div>
      <Gauge level={level} name={words.name} words={t('{left} of {cap} left', { left, cap })} />
      {about ? (
        <p className="mt-1.5 text-sm text-ink-soft">
          {words.about}{' '}
          {meter.resets_at === null
            ? ''
            : t('Resets {resets_at}, on {resets_at2}.', {
                resets_at: untilWords(meter.resets_at, now_ms),
                resets_at2: dayWords(meter.resets_at, now_ms),
              })}
        </p>
      ) : null}
    </div>
  );
}
