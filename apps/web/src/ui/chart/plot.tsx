import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../../browser/theme.ts';
import type { ChartProps, Series } from './chart.tsx';

interface Props extends Pick<ChartProps, 'points' | 'series' | 'axis'> {
  /** The point that is read out; undefined: none was chosen. */
  readonly at: number | undefined;
  readonly look: (at: number) => void;
}

/** The drawing itself. It is for the eye alone: what it shows is said and written beside it. */
export function Plot({ points, series, axis, at, look }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element, { points, series, axis, look }), dataOf(points, series), element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }));
    resized.observe(element);
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const repaint = (): void => made.redraw(false);
    dark.addEventListener('change', repaint);
    return () => {
      dark.removeEventListener('change', repaint);
      resized.disconnect();
      made.destroy();
    };
  }, [points, series, axis, look]);
  const painted = useRef(theme);
  useEffect(() => {
    if (painted.current !== theme) plot.current?.redraw(false);
    painted.current = theme;
  }, [theme]);
  useEffect(() => {
    const made = plot.current;
    if (made === undefined || at === undefined) return;
    made.setCursor({ left: made.valToPos(at, 'x'), top: 0 }, false);
  }, [at]);
  return <div ref={place} aria-hidden="true" className="h-full w-full" />;
}

function dataOf(points: readonly string[], series: readonly Series[]): uPlot.AlignedData {
  return [points.map((_, index) => index), ...series.map(({ values }) => [...values])];
}

/** A colour of the page as it is now: it changes with the scheme. */
function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function optionsFor(element: HTMLElement, { points, series, axis, look }: Omit<Props, 'at'>): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.7, 28], radius: 0.1 });
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const drawn = {
    font,
    stroke: () => colour('ink-soft'),
    grid: { stroke: () => colour('rule'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => [-0.6, points.length - 0.4] },
      y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      {
        ...drawn,
        grid: { show: false },
        size: 28,
        space: 64,
        incrs: [1, 2, 5, 7, 10, 14, 30],
        values: (_, splits) => splits.map((split) => (Number.isInteger(split) ? (points[split] ?? '') : '')),
      },
      { ...drawn, size: 64, values: (_, splits) => splits.map(axis) },
    ],
    series: [
      {},
      ...series.map(({ label, kind, paint }): uPlot.Series => ({
        label,
        width: kind === 'bars' ? 0 : 2,
        stroke: () => colour(paint),
        ...(kind === 'bars' ? { fill: () => colour(paint), ...(bars && { paths: bars }), points: { show: false } } : {}),
      })),
    ],
    hooks: {
      setCursor: [
        ({ cursor: { idx } }) => {
          if (typeof idx === 'number') look(idx);
        },
      ],
    },
  };
}
