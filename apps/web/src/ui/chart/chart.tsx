import { type KeyboardEvent, lazy, Suspense, useState } from 'react';

import { t } from '../../words/translate.ts';
import { FewRows } from '../table/few-rows.tsx';
import type { Column } from '../table/table.tsx';

export interface Series {
  readonly label: string;
  readonly kind: 'bars' | 'line';
  /** Of the colours that the page has, by their name in its styles. */
  readonly paint: 'store' | 'fair' | 'oxide-paint' | 'reserved' | 'edge';
  /** One for each point. Null: nothing is known. For the height of a bar alone: what is read is `words`. */
  readonly values: readonly (number | null)[];
  readonly words: readonly string[];
}

export interface ChartProps {
  /** What it shows, such as "Calls of each day". */
  readonly label: string;
  /** Under the axis, and first in the table. */
  readonly points: readonly string[];
  /** What the points are, such as "Day". */
  readonly point_label: string;
  readonly series: readonly Series[];
  /** How a value of the axis is written. */
  readonly axis: (value: number) => string;
}

const Plot = lazy(async () => ({ default: (await import('./plot.tsx')).Plot }));

/** The one chart, loaded late. It is walked through by arrow keys, which say each point; and the same figures stand in a table below it. */
export function Chart({ label, points, point_label, series, axis }: ChartProps) {
  const [at, setAt] = useState<number>();
  const shown = at ?? points.length - 1;
  const move = (event: KeyboardEvent): void => {
    const to = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: points.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.min(points.length - 1, Math.max(0, to)));
  };
  const said = [points[shown] ?? '', ...series.map(({ label: name, words }) => `${name}: ${words[shown] ?? ''}`)].join(', ');
  return (
    <figure>
      <Legend point={points[shown] ?? ''} series={series} shown={shown} />
      <div
        role="slider"
        tabIndex={0}
        aria-label={t('{chart}. Arrow keys read each point; a table follows.', { chart: label })}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points.length - 1)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={said}
        onKeyDown={move}
        className="h-56"
      >
        <Suspense fallback={<div className="h-full animate-pulse rounded bg-well" />}>
          <Plot points={points} series={series} axis={axis} at={at} look={setAt} />
        </Suspense>
      </div>
      <details className="mt-2">
        <summary className="min-h-10 cursor-pointer py-2 text-sm font-semibold text-ink-soft">{t('Show as a table')}</summary>
        <FewRows
          label={label}
          columns={[
            {
              key: 'point',
              label: point_label,
              head: true,
              cell: ({ point }) => point,
            },
            ...series.map(({ label: name, words }): Column<Point> => ({
              key: name,
              label: name,
              align: 'right',
              cell: ({ place }) => words[place],
            })),
          ]}
          rows={points.map((point, place) => ({ point, place }))}
          keyOf={({ point }) => point}
          narrow="columns"
        />
      </details>
    </figure>
  );
}

interface Point {
  readonly point: string;
  readonly place: number;
}

function Legend({
  point,
  series,
  shown,
}: {
  readonly point: string;
  readonly series: readonly Series[];
  readonly shown: number;
}) {
  return (
    <figcaption className="mb-2 flex flex-wrap items-baseline gap-x-4 gap-y-1 text-sm text-ink-soft">
      <span className="figures font-semibold text-ink">{point}</span>
      {series.map(({ label: name, paint, words }) => (
        <span key={name} className="figures flex items-center gap-1.5">
          <span aria-hidden="true" className="size-3 rounded-[2px]" style={{ background: `var(--${paint})` }} />
          {name} <strong className="text-ink">{words[shown]}</strong>
        </span>
      ))}
    </figcaption>
  );
}
