import type { UsageDay } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { dailyUsageQuery } from '../../../api/usage.ts';
import { useNow } from '../../../browser/now.ts';
import { Chart, type Series } from '../../../ui/chart/chart.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Failed } from '../../../ui/states.tsx';
import { decimalOf, formatCount, formatMoneyShort } from '../../../words/amount.ts';
import { numberFormat } from '../../../words/locale.ts';
import { dateWords, dayAt, daysBetween } from '../../../words/calendar.ts';
import { t } from '../../../words/translate.ts';

const DAY_MS = 86_400_000;
const SPANS = [
  { value: '7', label: t('7 days') },
  { value: '30', label: t('30 days') },
  { value: '90', label: t('90 days') },
];

type Measure = 'credits' | 'calls' | 'tokens';
const MEASURES: readonly { readonly value: Measure; readonly label: string }[] = [
  { value: 'credits', label: t('Credits') },
  { value: 'calls', label: t('Calls') },
  { value: 'tokens', label: t('Tokens') },
];

/** What was used on each day, as bars. */
export function DailyUsage({ workspace_id }: { readonly workspace_id?: string }) {
  const [span, setSpan] = useState('30');
  const [measure, setMeasure] = useState<Measure>('credits');
  const from = dayAt(useNow(3_600_000) - (Number(span) - 1) * DAY_MS);
  const usage = useQuery(dailyUsageQuery(from, workspace_id));
  if (usage.isPending) return <Loading what={t('the days')} lines={5} />;
  if (usage.isError) return <Failed error={usage.error} retry={() => void usage.refetch()} />;
  const { days, timezone } = usage.data;
  const all = daysBetween(usage.data.from, usage.data.to);
  return (
    <>
      <div className="mb-4 flex flex-wrap gap-x-6 gap-y-2">
        <Choice
          legend={t('What')}
          hide_legend
          name={`measure-${workspace_id ?? ''}`}
          value={measure}
          onChange={setMeasure}
          options={MEASURES}
        />
        <Choice
          legend={t('How many days')}
          hide_legend
          name={`span-${workspace_id ?? ''}`}
          value={span}
          onChange={setSpan}
          options={SPANS}
        />
      </div>
      <Chart
        label={t('Usage of each day')}
        point_label={t('Day')}
        points={all.map(dateWords)}
        series={seriesOf(measure, all, new Map(days.map((day) => [day.day, day])))}
        axis={(value) => numberFormat({ notation: 'compact' }).format(value)}
      />
      <p className="mt-1 text-sm text-ink-faint">{t('Days of the time zone {zone}.', { zone: timezone })}</p>
    </>
  );
}

function seriesOf(measure: Measure, all: readonly string[], days: ReadonlyMap<string, UsageDay>): Series[] {
  const series = (label: string, paint: Series['paint'], kind: Series['kind'], of: (day: UsageDay) => string): Series => {
    const values = all.map((day) => {
      const found = days.get(day);
      return found === undefined ? '0' : of(found);
    });
    return { label, paint, kind, values: values.map(Number), words: values.map(formatCount) };
  };
  switch (measure) {
    case 'credits':
      return [series(t('Credits spent'), 'store', 'bars', ({ credits_spent }) => decimalOf(credits_spent)), ...costOf(all, days)];
    case 'calls':
      return [
        series(t('Calls'), 'store', 'bars', ({ calls }) => decimalOf(calls)),
        series(t('Failed'), 'oxide-paint', 'line', ({ calls_failed }) => decimalOf(calls_failed)),
      ];
    case 'tokens':
      return [
        series(t('Input tokens'), 'store', 'bars', ({ input_tokens }) => decimalOf(input_tokens)),
        series(t('Output tokens'), 'reserved', 'line', ({ output_tokens }) => decimalOf(output_tokens)),
      ];
    default: {
      const never: never = measure;
      return never;
    }
  }
}

/** Where cost is shown: in words beside the credits, for money and credits have no axis in common. */
function costOf(all: readonly string[], days: ReadonlyMap<string, UsageDay>): Series[] {
  if (![...days.values()].some(({ cost }) => cost !== undefined)) return [];
  const words = all.map((day) => days.get(day)?.cost?.map(formatMoneyShort).join(' + ') || '–');
  return [{ label: t('Cost'), paint: 'edge', kind: 'line', values: all.map(() => null), words }];
}
