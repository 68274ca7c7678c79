import { type Life, PLAIN_LIFE } from './life.ts';

/** What is made plainer one by one, the most telling first. */
const SIMPLER = [
  'doubled',
  'late',
  'tells',
  'tax',
  'coupon',
  'metered',
  'currency',
  'quantity',
  'trial_days',
  'sent',
  'yearly',
  'first',
  'age_days',
  'begins_second',
  'begins_day',
  'shape',
  'silent',
  'shuffle',
  'at_once',
  'plan',
] as const satisfies readonly (keyof Life)[];

/** Lives that are plainer than this one by one thing. */
export function plainerLives(life: Life): Life[] {
  const without = <T>(all: readonly T[], n: number): T[] => all.toSpliced(n, 1);
  const plainer: Life[] = [];
  for (const list of ['deeds', 'late', 'doubled', 'spends'] as const) {
    for (let n = 0; n < life[list].length; n++) plainer.push({ ...life, [list]: without<unknown>(life[list], n) });
  }
  for (const key of SIMPLER) {
    if (JSON.stringify(life[key]) !== JSON.stringify(PLAIN_LIFE[key])) plainer.push({ ...life, [key]: PLAIN_LIFE[key] });
  }
  if (life.months > 1) plainer.push({ ...life, months: life.months - 1 });
  for (const [n, [event, steps]] of life.late.entries()) {
    if (steps > 1) plainer.push({ ...life, late: life.late.with(n, [event, 1]) });
  }
  for (const [n, [step, share]] of life.spends.entries()) {
    if (step > 1) plainer.push({ ...life, spends: life.spends.with(n, [Math.floor(step / 2), share]) });
  }
  return plainer;
}

/**
 * The plainest life that still breaks what this one did. `breaks` is asked about many at once, because they are lived side by side;
 * it says of each whether it still does.
 */
export async function shrinkLife(
  life: Life,
  breaks: (lives: readonly Life[]) => Promise<readonly boolean[]>,
  rounds_max = 40,
): Promise<Life> {
  let smallest = life;
  for (let round = 0; round < rounds_max; round++) {
    const candidates = plainerLives(smallest);
    if (candidates.length === 0) break;
    const broken = await breaks(candidates);
    const next = candidates.find((_, n) => broken[n] === true);
    if (next === undefined) break;
    // What could be left out alone can often be left out together.
    const together = candidates.filter((_, n) => broken[n] === true).reduce((all, one) => merged(smallest, all, one), next);
    const [both] = together === next ? [false] : await breaks([together]);
    smallest = both === true ? together : next;
  }
  return smallest;
}

/** `all` with what `one` has otherwise than `from`, where they do not touch the same member. */
function merged(from: Life, all: Life, one: Life): Life {
  const changed = (Object.keys(from) as (keyof Life)[]).filter((key) => one[key] !== from[key]);
  return changed.every((key) => all[key] === from[key])
    ? { ...all, ...Object.fromEntries(changed.map((key) => [key, one[key]])) }
    : all;
}
