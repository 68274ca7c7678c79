import { assert, type Clock, PLATFORM, repeat } from '@purser/core';
import type { Connection, Pool, SchemaMigrations } from '@purser/database';
import { type Catalog, catalogVersions, findPlan, isPriceVersion } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import type { Meters } from '@purser/meters';

import { effectivePolicy } from './effective-policy.ts';
import { LadderWatch } from './ladder-watch.ts';
import type { Policy, PolicyState } from './policy.ts';
import { PricedCatalogs } from './priced-catalogs.ts';
import { activeRollouts, type Rollout, versionFor } from './rollout.ts';
import { RolloutCalls } from './rollout-calls.ts';
import { WorkspaceStates } from './workspace-states.ts';

export const policyMigrations: SchemaMigrations = { schema: 'policy', directory: new URL('../migrations/', import.meta.url) };

export interface PoliciesOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  /** The version this server was started with: what is for sale now. */
  readonly catalog: Catalog;
  readonly failed: (error: unknown) => void;
}

/** What everybody may do, at hand without waiting. */
export interface Policies {
  /** Asserts that the workspace was made ready. Under a microsecond when nothing changed. */
  readonly of: (workspace: Workspace, now: Temporal.Instant) => Policy;
  /** Undefined when `of` may be asked at once; else when it may. */
  ready(workspace: Workspace): Promise<void> | undefined;
  /** For who does not come through the door: makes ready, then asks. */
  readonly load: (workspace: Workspace, now: Temporal.Instant) => Promise<Policy>;
  /** Something was spent under the policy: its ladder is looked at within a second. */
  readonly spent: (policy: Policy) => void;
  /** Looks at once at the ladders of those who have spent, and at the state of the installation. It happens by itself as well. */
  evaluate(): Promise<void>;
  /** What became of a call, for the comparison of a rollout. */
  readonly observed: (workspace: Workspace, outcome: string) => void;
  /** The state of the whole installation. */
  state(): PolicyState;
  close(): Promise<void>;
}

/** How often meters of ladders are looked at: a level is known at most this late, plus the time of a notice. */
const EVALUATE_EVERY_MS = 500;

/** Resolves policies for one server: from memory, and right within a second of a change anywhere. */
export async function openPolicies({ pool, clock, meters, catalog, failed }: PoliciesOptions): Promise<Policies> {
  const versions = new Map<string, Catalog>([[catalog.version, catalog]]);
  const readVersion = catalogVersions(pool, catalog);
  let state: PolicyState = Object.freeze({ frozen: false, levels: [] });
  let rollouts: readonly Rollout[] = [];
  const moves = new WeakMap<Workspace, RolloutVersions>();
  const priced = new PricedCatalogs(pool, catalog);
  const calls = new RolloutCalls();

  const states = new WorkspaceStates(pool, clock, () => {
    refresh().catch(failed);
  });
  const watch = new LadderWatch({ pool, clock, meters, workspaces: states });

  /** A new object only when something is another: policies are cached by it. */
  async function refresh(): Promise<void> {
    const [{ rows }, levels = [], moving] = await Promise.all([
      pool.query<{ frozen: boolean }>('select frozen from policy.platform'),
      watch.evaluateShared(catalog),
      activeRollouts(pool),
    ]);
    // Before anybody is moved there: who is served meanwhile must find the version at hand.
    for (const { to_version } of moving) {
      if (isPriceVersion(to_version)) await priced.read(to_version);
      else if (!versions.has(to_version)) await readSold(to_version);
    }
    if (moving.map(describeRollout).join() !== rollouts.map(describeRollout).join()) rollouts = moving;
    const frozen = rows[0]?.frozen === true;
    if (frozen === state.frozen && sameLevels(levels, state.levels ?? [])) return;
    state = Object.freeze({ frozen, levels });
  }

  const mark = (policy: Policy): void => watch.mark(policy);

  async function readSold(version: string): Promise<void> {
    const sold = await readVersion(version);
    assert(sold, `catalog ${version} is in use and was never stored`);
    versions.set(version, sold);
  }

  /** Kept by the workspace's object: the place of a workspace is a hash, which is not for every call. */
  function versionsOf(workspace: Workspace): RolloutVersions {
    const known = moves.get(workspace);
    if (known?.rollouts === rollouts) return known;
    const version = versionFor(rollouts, workspace.id, workspace.catalogue_version);
    const prices = versionFor(rollouts, workspace.id, catalog.price_list.version);
    const moved = { rollouts, version, prices };
    moves.set(workspace, moved);
    return moved;
  }

  /** What it bought, unless a rollout moves it to a version that has its plan. */
  function soldTo(workspace: Workspace): Catalog {
    const bought = workspace.catalogue_version;
    const own = versions.get(bought);
    assert(own, `catalog ${bought} is not at hand`);
    if (rollouts.length === 0) return own;
    const { version, prices } = versionsOf(workspace);
    const moved = version === bought ? undefined : versions.get(version);
    return priced.at(moved && findPlan(moved, workspace.plan) ? moved : own, prices);
  }

  function resolve(workspace: Workspace, now: Temporal.Instant): Policy {
    const sold = soldTo(workspace);
    return effectivePolicy({ workspace, catalog: sold, state, standing: states.of(workspace.id), now, resolved: mark });
  }

  async function makeReady(workspace: Workspace, standing: Promise<void> | undefined): Promise<void> {
    if (!versions.has(workspace.catalogue_version)) await readSold(workspace.catalogue_version);
    await standing;
  }

  const policies: Policies = {
    of: resolve,
    ready(workspace) {
      const standing = states.ready(workspace.id, workspace.plan);
      if (standing === undefined && versions.has(workspace.catalogue_version)) return undefined;
      return makeReady(workspace, standing);
    },
    async load(workspace, now) {
      await policies.ready(workspace);
      return resolve(workspace, now);
    },
    spent: mark,
    async evaluate() {
      await Promise.all([watch.evaluate(), refresh()]);
    },
    observed(workspace, outcome) {
      if (rollouts.length === 0) return;
      for (const from of [workspace.catalogue_version, catalog.price_list.version])
        calls.count(rollouts, workspace.id, from, outcome);
    },
    state: () => state,
    async close() {
      await evaluating.stop();
      await calls.write(pool).catch(failed);
      await states.close();
    },
  };

  await states.start();
  await states.read(PLATFORM);
  await refresh();
  const evaluating = repeat(EVALUATE_EVERY_MS, () => Promise.all([policies.evaluate(), calls.write(pool)]), failed);
  return policies;
}

/** To which versions of the catalog and of the prices a workspace is moved by these rollouts. */
interface RolloutVersions {
  readonly rollouts: readonly Rollout[];
  readonly version: string;
  readonly prices: string;
}

function describeRollout({ id, share_ppm, state }: Rollout): string {
  return `${id} ${share_ppm} ${state}`;
}

function sameLevels(a: NonNullable<PolicyState['levels']>, b: NonNullable<PolicyState['levels']>): boolean {
  return a.length === b.length && a.every(({ ladder, level }, index) => b[index]?.ladder === ladder && b[index].level === level);
}

/** Switches the emergency freeze (T8) in the caller's transaction; every server knows within a second of its commit. */
export async function setFreeze(
  tx: Connection,
  frozen: boolean,
  changed: { readonly by: string; readonly at: Temporal.Instant },
): Promise<{ readonly before: boolean }> {
  const { rows } = await tx.query<{ frozen: boolean }>('select frozen from policy.platform for update');
  await tx.query('update policy.platform set frozen = $1, changed_at = $2, changed_by = $3', [
    frozen,
    changed.at.toString(),
    changed.by,
  ]);
  return { before: rows[0]?.frozen === true };
}
