import { unreachable } from '@purser/core';
import type { Ladder, LevelEffects } from '@purser/catalog';
import { formatRatio, multiplyRatios, ratio, type Ratio, subtractRatios } from '@purser/money';

/**
 * The level that holds when `spent` of `cap` is used: the last whose share is reached. From `before` it goes back up only when the use
 * is below that level's share less the ladder's `climb_back`, so it does not flap. A cap of zero admits nothing, and has no share.
 */
export function levelAt(ladder: Pick<Ladder, 'levels' | 'climb_back'>, spent: bigint, cap: bigint, before = 0): number {
  if (cap <= 0n) return 0;
  const { levels, climb_back } = ladder;
  let level = Math.min(before, levels.length);
  while (level < levels.length && reaches(spent, cap, levels[level]?.at)) level++;
  while (level > 0 && !reaches(spent, cap, lowered(levels[level - 1]?.at, climb_back))) level--;
  return level;
}

function reaches(spent: bigint, cap: bigint, share: Ratio | undefined): boolean {
  return share !== undefined && spent * share.denominator >= share.numerator * cap;
}

function lowered(share: Ratio | undefined, by: Ratio): Ratio | undefined {
  return share && subtractRatios(share, by);
}

/** What the first `level` levels come to: a later one replaces what it names, and pauses add up. */
export function effectsOf({ levels }: Pick<Ladder, 'levels'>, level: number): LevelEffects {
  let effects: LevelEffects = {};
  for (const { effects: next } of levels.slice(0, level)) {
    const pause = [...(effects.pause ?? []), ...(next.pause ?? [])];
    const quotas = { ...effects.quotas, ...next.quotas };
    effects = {
      ...effects,
      ...next,
      ...(pause.length > 0 && { pause }),
      ...(Object.keys(quotas).length > 0 && { quotas }),
    };
  }
  return effects;
}

/** `85 % of what the plan includes is used`: why a level is in force. */
export function reasonOf(ladder: Ladder, level: number): string {
  const at = ladder.levels[level - 1]?.at ?? ratio(0n, 1n);
  return `${formatRatio(multiplyRatios(at, ratio(100n, 1n)))} % of ${watchedName(ladder)}`;
}

function watchedName(ladder: Ladder): string {
  switch (ladder.watches) {
    case 'ceiling':
      return 'what the plan includes is used';
    case 'global_budget':
      return 'the shared budget is used';
    case 'pool':
      return `the shared pool ${ladder.pool ?? ''} is used`;
    default:
      return unreachable(ladder.watches);
  }
}
