import { type KeyboardEvent, lazy, Suspense, useState } from 'react';

import { t } from '../../words/translate.ts';

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
      <figcaption className="mb-2 flex flex-wrap items-baseline gap-x-4 gap-y-1 text-sm text-ink-soft">
        <span className="figures font-semibold text-ink">{points[shown]}</span>
        {series.map(({ label: name, paint, words }) => (
          <span key={name} className="figures flex items-center gap-1.5">
            <span aria-hidden="true" className="size-3 rounded-[2px]" style={{ background: `var(--${paint})` }} />
            {name} <strong className="text-ink">{words[shown]}</strong>
          </span>
        ))}
      </figcaption>
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
        <div className="overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
          <table className="figures w-full text-sm">
            <thead>
              <tr className="border-b border-edge text-ink-soft">
                <th scope="col" className="py-1.5 text-left">
                  {point_label}
                </th>
                {series.map(({ label: name }) => (
                  <th key={name} scope="col" className="py-1.5 pl-3 text-right">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map((point, place) => (
                <tr key={point} className="border-b border-rule">
                  <th scope="row" className="py-1 text-left font-normal whitespace-nowrap">
                    {point}
                  </th>
                  {series.map(({ label: name, words }) => (
                    <td key={name} className="py-1 pl-3 text-right whitespace-nowrap">
                      {words[place]}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
