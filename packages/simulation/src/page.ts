import type { MonthlyMargin } from './monthly-margins.ts';
import { describePopulation } from './population.ts';
import { headline, HELD, monthTable, percentOf, type Table, tablesOf } from './report.ts';
import type { Simulated } from './simulate.ts';

const ROW = 22;
const LABEL = 170;
const WIDE = 360;
const STYLE =
  'body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}svg{display:block;margin:.5rem 0;max-width:100%;height:auto}.wide{overflow-x:auto}li,p,h1{overflow-wrap:anywhere}.broken{color:#a00;font-weight:600}';

/** The same as one file for a browser: tables, and the margin of each plan and month drawn to scale. Nothing is loaded from elsewhere. */
export function simulationPage(simulated: Simulated, finished: string): string {
  const { margins, broken, population } = simulated;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Purser: simulation</title><style>${STYLE}</style>
<h1>Simulation</h1>
<p>${escaped(headline(simulated))}. ${escaped(finished)}.</p>
${broken.length === 0 ? `<p>${escaped(HELD)}</p>` : `<ul class="broken">${broken.map((one) => `<li>${escaped(one)}</li>`).join('')}</ul>`}
<h2>Margin by plan and month</h2>
${margins.map((month) => plot(month) + table(monthTable(month, (ratio) => (ratio === null ? '' : percentOf(ratio))))).join('\n')}
<h2>What happened</h2>
${tablesOf(simulated).map(table).join('\n')}
<h2>Who was simulated</h2>
<pre style="white-space:pre-wrap">${escaped(describePopulation(population).join('\n'))}</pre>
</html>
`;
}

/** One bar for each plan: what was kept of its revenue, from 0 to 100 %. */
function plot({ month, lines }: MonthlyMargin): string {
  const bars = lines.filter(({ margin_ratio }) => margin_ratio !== null).toSorted((one, other) => (one.key < other.key ? -1 : 1));
  const height = ROW * (bars.length + 1);
  const drawn = bars.map(({ key, revenue, margin_ratio }, at) => {
    const ratio = margin_ratio ?? '0';
    const kept = Math.max(0, Math.min(1, Number(ratio))) * WIDE;
    const y = ROW * (at + 1);
    return `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${escaped(`${key} ${revenue.currency}`)}</text><rect x="${LABEL}" y="${y + 3}" width="${WIDE}" height="${ROW - 6}" fill="#eee"/><rect x="${LABEL}" y="${y + 3}" width="${kept.toFixed(1)}" height="${ROW - 6}" fill="#2b6cb0"/><text x="${LABEL + WIDE + 8}" y="${y + 15}">${percentOf(ratio)}</text>`;
  });
  return `<svg role="img" aria-label="Margin of each plan, ${escaped(month)}" width="${LABEL + WIDE + 90}" height="${height}" viewBox="0 0 ${LABEL + WIDE + 90} ${height}" font-size="13"><text x="${LABEL}" y="15" font-weight="600">${escaped(month)}</text>${drawn.join('')}</svg>`;
}

function table({ head, rows }: Table): string {
  if (rows.length === 0) return '';
  const cells = (of: readonly string[], tag: string): string =>
    `<tr>${of.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  // A table that is wider than a phone scrolls by itself, by a finger or by the keyboard; the page does not.
  const drawn = `<table>${cells(head, 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table>`;
  return `<div class="wide" role="region" aria-label="${escaped(head[0] ?? 'Table')}" tabindex="0">${drawn}</div>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
