import type { Told } from './facts.ts';
import { type Life, PLAIN_LIFE } from './life.ts';
import type { Lived } from './live-together.ts';
import { date, show } from './oracle.ts';

type Row = readonly [at: number, order: number, what: string, state: string];

/** A life as a table of instant, event and state, with what of it was broken: what somebody reads who has to find out why. */
export function storyOf({ life, played, seen, broken, books }: Lived): string {
  const rows: Row[] = [];
  const told = new Map(played.told.map((one) => [one.id, one]));
  for (const fact of played.facts) {
    if (fact.is === 'collected') {
      const coins = `${fact.gross} ${fact.currency}${fact.tax > 0 ? ` (tax ${fact.tax})` : ''}`;
      const span = fact.slices.map(({ from, to }) => `${date(from)} to ${date(to)}`);
      rows.push([
        fact.at,
        0,
        `Stripe collects ${coins}`,
        `${fact.plan}, ${span.length > 1 ? `${span.length} months from ` : ''}${span[0] ?? ''}`,
      ]);
    } else if (fact.is === 'returned') {
      rows.push([fact.at, 0, `Stripe returns ${fact.gross}`, fact.back ? `comes back ${date(fact.back.at)}` : 'for good']);
    }
  }
  let spent = 0n;
  for (const [n, one] of seen.entries()) {
    if (one.is === 'told') {
      const event = told.get(one.event);
      if (event) rows.push([one.at, n + 1, `told ${event.type} of ${date(event.created)}`, `${stateOf(event)} → ${one.outcome}`]);
    } else if (one.is === 'called') {
      spent += one.cost;
      rows.push([
        one.at,
        n + 1,
        one.refused === undefined ? `served for ${show(one.cost)}` : `refused: ${one.refused}`,
        `spent ${show(spent)}`,
      ]);
    }
  }
  rows.sort(([one, a], [other, b]) => one - other || a - b);
  const lines = rows.map(([at, , what, state]) => `| ${date(at)} | ${what} | ${state} |`);
  const booked = books && [...books.revenue].map(([currency, nanos]) => `${show(nanos)} ${currency}`).join(', ');
  return [
    ...broken.map(({ rule, at, why }) => `BROKEN ${rule} at ${date(at)}: ${why}`),
    `life: ${JSON.stringify(differences(life))}`,
    '| instant | what | state |',
    '| --- | --- | --- |',
    ...lines,
    ...(books ? [`books: revenue ${booked === '' ? 'none' : booked}; ${books.credits_granted} credits granted`] : []),
  ].join('\n');
}

/** What it has otherwise than the plainest life. */
function differences(life: Life): Partial<Life> {
  const keys = (Object.keys(life) as (keyof Life)[]).filter(
    (key) => JSON.stringify(life[key]) !== JSON.stringify(PLAIN_LIFE[key]),
  );
  return Object.fromEntries(keys.map((key) => [key, life[key]]));
}

function stateOf({ object }: Told): string {
  const wanted = ['status', 'billing_reason', 'total', 'amount_paid', 'amount', 'amount_refunded'];
  return wanted
    .flatMap((key) => (object[key] === undefined || object[key] === null ? [] : [`${key} ${JSON.stringify(object[key])}`]))
    .join(', ');
}
