import { compareRatios, formatRatio } from '@purser/money';

import { type Catalog, type Ladder, LANES, MODEL_CLASSES, type LevelEffects } from './catalog.ts';
import type { Path } from './mistakes.ts';
import type { Report } from './report.ts';

const QUALITIES = ['low', 'medium', 'high'] as const;

/** How generous each effect is as a number: a later level may only lower it. Pauses add up; quotas are compared one by one. */
const GENEROSITY: {
  readonly [key in Exclude<keyof LevelEffects, 'pause' | 'quotas'>]-?: (effects: LevelEffects) => number | undefined;
} = {
  model_class_max: ({ model_class_max: of }) => of && MODEL_CLASSES.indexOf(of),
  output_tokens_max: (effects) => effects.output_tokens_max,
  lane: ({ lane }) => lane && -LANES.indexOf(lane),
  candidates_max: (effects) => effects.candidates_max,
  finals_max: (effects) => effects.finals_max,
  image_quality: ({ image_quality: of }) => of && QUALITIES.indexOf(of),
  new_batch: (effects) => toNumber(effects.new_batch),
  offer: (effects) => (effects.offer === undefined ? undefined : -Number(effects.offer)),
};

function toNumber(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Levels ascend, each changes something, and each only tightens what the ones before it set. Alerts ascend too. */
export function checkLadders(catalog: Catalog, report: Report): void {
  for (const [index, ladder] of catalog.ladders.entries()) {
    const path = ['ladders', index];
    checkWatched(catalog, ladder, path, report);
    const least = new Map<string, number>();
    for (const [step, { at, effects }] of ladder.levels.entries()) {
      const level = [...path, 'levels', step];
      const before = ladder.levels[step - 1];
      if (before && compareRatios(at, before.at) <= 0)
        report([...level, 'at'], formatRatio(at), `more than ${formatRatio(before.at)}: levels ascend`);
      if (Object.keys(effects).length === 0) report(level, 'a level that changes nothing', 'at least one effect');
      for (const [key, generosityOf] of entriesOf(GENEROSITY)) {
        const generosity = generosityOf(effects);
        if (generosity === undefined) continue;
        if (generosity > (least.get(key) ?? Infinity))
          report([...level, key], `${String(effects[key])}, more than the level before`, 'no more than before');
        least.set(key, generosity);
      }
      for (const [key, quota = 0n] of Object.entries(effects.quotas ?? {})) {
        if (Number(quota) > (least.get(`quotas.${key}`) ?? Infinity))
          report([...level, 'quotas', key], `${quota}, more than the level before`, 'no more than before');
        least.set(`quotas.${key}`, Number(quota));
      }
      const features = new Set(catalog.plans.flatMap((plan) => plan.features));
      for (const feature of effects.pause ?? []) {
        if (!features.has(feature)) report([...level, 'pause'], `'${feature}'`, 'a feature that some plan has');
      }
    }
  }
  for (const [index, alert] of catalog.alerts.entries()) {
    const before = catalog.alerts[index - 1];
    if (before && compareRatios(alert, before) <= 0)
      report(['alerts', index], formatRatio(alert), `more than ${formatRatio(before)}`);
  }
}

/** What everybody shares must be there; a pool is named where one is watched, and only there. */
function checkWatched(catalog: Catalog, { watches, pool }: Ladder, path: Path, report: Report): void {
  if (watches === 'global_budget' && !catalog.globalBudget) {
    report([...path, 'watches'], 'global_budget', 'a global_budget to watch');
  }
  if ((watches === 'pool') !== (pool !== undefined)) {
    report([...path, 'pool'], pool === undefined ? 'nothing' : `'${pool}'`, 'the name of a pool exactly where one is watched');
  } else if (pool !== undefined && !catalog.pools.some(({ name }) => name === pool)) {
    report([...path, 'pool'], `'${pool}'`, 'a pool of this catalog');
  }
}

function entriesOf<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}
