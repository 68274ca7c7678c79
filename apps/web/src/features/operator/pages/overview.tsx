import type { MarginSums, Overview } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { Chart } from '../../../ui/chart/chart.tsx';
import { Link } from '../../../ui/link.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { add, compare, decimalOf, formatCount, formatMoneyShort, type Money } from '../../../words/amount.ts';
import { numberFormat } from '../../../words/locale.ts';
import { dateWords, daysBetween } from '../../../words/calendar.ts';
import { t } from '../../../words/translate.ts';
import { overviewQuery } from '../api/tables.ts';
import { changeOf } from '../words/change.ts';
import { ratioWords } from '../words/margin.ts';

/** How the last 30 days went, and what waits. The first thing an operator sees. */
export function OverviewPage() {
  const overview = useQuery(overviewQuery);
  return (
    <>
      <PageHead title={t('Overview')}>
        {t('The last 30 days, today included, beside the 30 days before them. Days are UTC.')}
      </PageHead>
      {overview.isPending ? <Loading what={t('the overview')} lines={8} /> : null}
      {overview.isError && overview.data === undefined ? (
        <Failed error={overview.error} retry={() => void overview.refetch()} />
      ) : null}
      {overview.data === undefined ? null : <Found overview={overview.data} />}
    </>
  );
}

function Found({ overview }: { readonly overview: Overview }) {
  const { totals, days } = overview;
  return (
    <div className="grid grid-cols-1 gap-4 sm:gap-6">
      <Waiting overview={overview} />
      <Figures overview={overview} />
      {totals.map(({ revenue: { currency } }) => (
        <Panel
          key={currency}
          title={
            overview.totals.length > 1 ? t('Revenue, cost and margin in {currency}', { currency }) : t('Revenue, cost and margin')
          }
          aside={<Link to="/admin/margin">{t('All figures')}</Link>}
        >
          <MoneyChart overview={overview} currency={currency} />
        </Panel>
      ))}
      <Panel title={t('Calls')} aside={<Link to="/admin/workspaces">{t('All workspaces')}</Link>}>
        {days.length === 0 ? (
          <Empty title={t('No calls yet')}>{t('Each day shows here with its first call.')}</Empty>
        ) : (
          <CallChart overview={overview} />
        )}
      </Panel>
    </div>
  );
}

/** What wants somebody, with the page where it is done; nothing when nothing does. */
function Waiting({ overview: { alerts, workspaces } }: { readonly overview: Overview }) {
  const waits = [
    alerts.unseen > 0 ? (
      <Link key="alerts" to="/admin/alerts">
        {alerts.critical > 0
          ? t('{count, plural, one {# new alert} other {# new alerts}}, {critical} critical', {
              count: countWords(alerts.unseen),
              critical: countWords(alerts.critical),
            })
          : t('{count, plural, one {# new alert} other {# new alerts}}', { count: countWords(alerts.unseen) })}
      </Link>
    ) : null,
    workspaces.grace > 0 ? (
      <Link key="grace" to="/admin/workspaces?license=grace">
        {t('{count, plural, one {# workspace is past due} other {# workspaces are past due}}', { count: workspaces.grace })}
      </Link>
    ) : null,
  ].filter((one) => one !== null);
  if (waits.length === 0) return null;
  return (
    <section
      aria-label={t('To do')}
      className="flex flex-wrap gap-x-6 gap-y-1 rounded-xl border-l-[6px] border-signal bg-signal-wash px-4 py-3 sm:px-6"
    >
      {waits}
    </section>
  );
}

/** They are counted to a thousand. */
function countWords(count: number): string {
  return count < 1_000 ? String(count) : `${formatCount(1_000)}+`;
}

function Figures({ overview: { totals, before, usage, workspaces } }: { readonly overview: Overview }) {
  const was = (currency: string): MarginSums | undefined => before.totals.find(({ revenue }) => revenue.currency === currency);
  return (
    <dl className="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4" data-testid="figures">
      {totals.flatMap((sums) => {
        const { currency } = sums.revenue;
        const earlier = was(currency);
        // Which of several currencies a figure is in is said beside its name; the amount alone may look the same.
        const said = (name: string): string => (totals.length > 1 ? t('{figure}, {currency}', { figure: name, currency }) : name);
        const money = (name: string, now: Money, then: Money | undefined): ReactNode => (
          <Figure
            key={`${name} ${currency}`}
            name={said(name)}
            value={formatMoneyShort(now)}
            change={changeOf(now.amount, then?.amount ?? '0')}
          />
        );
        return [
          money(t('Revenue'), sums.revenue, earlier?.revenue),
          money(t('Cost and fees'), spent(sums), earlier && spent(earlier)),
          money(t('Gross margin'), sums.margin, earlier?.margin),
          <Figure
            key={`ratio ${currency}`}
            name={said(t('Margin ratio'))}
            value={sums.margin_ratio === null ? '–' : ratioWords(sums.margin_ratio)}
            change={
              earlier === undefined || earlier.margin_ratio === null
                ? undefined
                : t('{ratio} before', { ratio: ratioWords(earlier.margin_ratio) })
            }
          />,
        ];
      })}
      <Figure
        name={t('Calls')}
        value={formatCount(usage.calls)}
        change={changeOf(decimalOf(usage.calls), decimalOf(before.usage.calls))}
      />
      <Figure
        name={t('Failed calls')}
        value={formatCount(usage.calls_failed)}
        change={changeOf(decimalOf(usage.calls_failed), decimalOf(before.usage.calls_failed))}
      />
      <Figure
        name={t('Credits spent')}
        value={formatCount(usage.credits_spent)}
        change={changeOf(decimalOf(usage.credits_spent), decimalOf(before.usage.credits_spent))}
      />
      <Figure
        name={t('Workspaces')}
        value={formatCount(workspaces.total)}
        change={t('{count, plural, =0 {none new} other {# new}}', { count: workspaces.created })}
      />
    </dl>
  );
}

const spent = ({ cost, fees }: MarginSums): Money => ({ amount: add(cost.amount, fees.amount), currency: cost.currency });

function Figure({ name, value, change }: { readonly name: string; readonly value: string; readonly change: string | undefined }) {
  return (
    <div className="rounded-xl bg-deck px-4 py-3 shadow-deck">
      <dt className="label text-ink-soft">{name}</dt>
      <dd className="narrow figures text-2xl font-semibold [overflow-wrap:anywhere] sm:text-3xl">{value}</dd>
      {change === undefined ? null : <dd className="figures text-sm text-ink-soft">{change}</dd>}
    </div>
  );
}

function MoneyChart({ overview: { from, to, days }, currency }: { readonly overview: Overview; readonly currency: string }) {
  const all = daysBetween(from, to);
  const zero = { amount: '0', currency };
  const series = (of: (sums: MarginSums) => Money) => {
    const values = all.map((day) => {
      const sums = days.find((one) => one.day === day)?.money.find(({ revenue }) => revenue.currency === currency);
      return sums === undefined ? zero : of(sums);
    });
    return { values: values.map(({ amount }) => Number(amount)), words: values.map(formatMoneyShort) };
  };
  return (
    <Chart
      label={t('Revenue, cost and margin of each day in {currency}', { currency })}
      point_label={t('Day')}
      points={all.map(dateWords)}
      series={[
        { label: t('Revenue'), kind: 'bars', paint: 'edge', ...series(({ revenue }) => revenue) },
        { label: t('Cost and fees'), kind: 'line', paint: 'oxide-paint', ...series(spent) },
        { label: t('Margin'), kind: 'line', paint: 'fair', ...series(({ margin }) => margin) },
      ]}
      axis={(value) =>
        numberFormat({ style: 'currency', currency, notation: 'compact', currencyDisplay: 'narrowSymbol' }).format(value)
      }
    />
  );
}

function CallChart({ overview: { from, to, days } }: { readonly overview: Overview }) {
  const all = daysBetween(from, to);
  const series = (of: (day: Overview['days'][number]) => string) => {
    const values = all.map((day) => {
      const found = days.find((one) => one.day === day);
      return found === undefined ? '0' : of(found);
    });
    return { values: values.map(Number), words: values.map(formatCount) };
  };
  const failed = days.some(({ calls_failed }) => compare(decimalOf(calls_failed), '0') > 0);
  return (
    <Chart
      label={t('Calls of each day')}
      point_label={t('Day')}
      points={all.map(dateWords)}
      series={[
        { label: t('Calls'), kind: 'bars', paint: 'store', ...series(({ calls }) => decimalOf(calls)) },
        ...(failed
          ? [
              {
                label: t('Failed'),
                kind: 'line' as const,
                paint: 'oxide-paint' as const,
                ...series(({ calls_failed }) => decimalOf(calls_failed)),
              },
            ]
          : []),
        { label: t('Active workspaces'), kind: 'line', paint: 'reserved', ...series(({ workspaces }) => decimalOf(workspaces)) },
      ]}
      axis={(value) => numberFormat({ notation: 'compact' }).format(value)}
    />
  );
}
