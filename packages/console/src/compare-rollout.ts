import type { Pool } from '@purser/database';
import { isPriceVersion } from '@purser/catalog';
import { workspacesOn } from '@purser/identity';
import { type MarginLine, marginOf } from '@purser/ledger';
import { type Arm, armOf, callsOfRollout, type Rollout } from '@purser/policy';

/** One side of a rollout, since it began. */
export interface ArmComparison {
  readonly arm: Arm;
  readonly workspaces: number;
  readonly calls: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Refused ÷ calls, cut after six decimals; null without calls. */
  readonly refusal_ratio: string | null;
  /** From the books; a line for each currency. Revenue stands where a billing period began meanwhile. */
  readonly margin: readonly MarginLine[];
}

const RATIO_DECIMALS = 6;

/** Both sides next to each other: those who stand on the catalog it moves from, or everybody where it moves prices, by the side they are on. */
export async function compareRollout(pool: Pool, rollout: Rollout, now: Temporal.Instant): Promise<ArmComparison[]> {
  const { id, from_version } = rollout;
  const whose = isPriceVersion(from_version) ? null : from_version;
  const [workspaces, calls] = await Promise.all([workspacesOn(pool, whose), callsOfRollout(pool, id)]);
  // What was compared, also when everybody has been moved since, or taken back.
  const compared: Rollout = { ...rollout, state: 'running' };
  const arms = Map.groupBy(workspaces, (workspace) => armOf(compared, workspace));
  return Promise.all(
    (['treatment', 'control'] as const).map(async (arm): Promise<ArmComparison> => {
      const ids = arms.get(arm) ?? [];
      const outcomes = calls.filter((one) => one.arm === arm);
      const total = sum(outcomes.map((one) => one.calls));
      const refused = outcomes.filter(({ outcome }) => outcome !== 'ok');
      return {
        arm,
        workspaces: ids.length,
        calls: total,
        refused: Object.fromEntries(refused.map(({ outcome, calls: count }) => [outcome, Number(count)])),
        refusal_ratio: total === 0 ? null : (sum(refused.map((one) => one.calls)) / total).toFixed(RATIO_DECIMALS),
        margin: await marginOf(pool, { key: arm, workspaces: ids, from: rollout.started_at, to: now }),
      };
    }),
  );
}

function sum(counts: readonly bigint[]): number {
  return Number(counts.reduce((total, count) => total + count, 0n));
}
