import { unreachable } from '@purser/core';
import type { Ladder, LevelEffects } from '@purser/catalog';
import { formatRatio, multiplyRatios, ratio, type Ratio, subtractRatios } from '@purser/money';

/**
 * The rung that holds when `spent` of `cap` is used: the last whose share is reached. From `before` it goes back up only when the use
 * is below that rung's share less the ladder's `climb_back`, so it does not flap. A cap of zero admits nothing, and has no share.
 */
export function rungAt(ladder: Pick<Ladder, 'rungs' | 'climb_back'>, spent: bigint, cap: bigint, before = 0): number {
  if (cap <= 0n) return 0;
  const { rungs, climb_back } = ladder;
  let rung = Math.min(before, rungs.length);
  while (rung < rungs.length && reaches(spent, cap, rungs[rung]?.at)) rung++;
  while (rung > 0 && !reaches(spent, cap, lowered(rungs[rung - 1]?.at, climb_back))) rung--;
  return rung;
}

function reaches(spent: bigint, cap: bigint, share: Ratio | undefined): boolean {
  return share !== undefined && spent * share.denominator >= share.numerator * cap;
}

function lowered(share: Ratio | undefined, by: Ratio): Ratio | undefined {
  return share && subtractRatios(share, by);
}

/** What the first `rung` rungs come to: a later one replaces what it names, and pauses add up. */
export function effectsOf({ rungs }: Pick<Ladder, 'rungs'>, rung: number): LevelEffects {
  let effects: LevelEffects = {};
  for (const { effects: next } of rungs.slice(0, rung)) {
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

/** `85 % of what the plan includes is used`: why a rung is in force. */
export function reasonOf(ladder: Ladder, rung: number): string {
  const at = ladder.rungs[rung - 1]?.at ?? ratio(0n, 1n);
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
