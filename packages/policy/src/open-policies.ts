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
export async function openPolicies(options: PoliciesOptions): Promise<Policies> {
  const policies = new ServerPolicies(options);
  await policies.start();
  return policies;
}

class ServerPolicies implements Policies {
  readonly #pool: Pool;
  readonly #catalog: Catalog;
  readonly #failed: (error: unknown) => void;
  readonly #versions: Map<string, Catalog>;
  readonly #readVersion: ReturnType<typeof catalogVersions>;
  readonly #moves = new WeakMap<Workspace, RolloutVersions>();
  readonly #priced: PricedCatalogs;
  readonly #calls = new RolloutCalls();
  readonly #states: WorkspaceStates;
  readonly #watch: LadderWatch;
  #state: PolicyState = Object.freeze({ frozen: false, levels: [] });
  #rollouts: readonly Rollout[] = [];
  #evaluating: ReturnType<typeof repeat> | undefined;

  constructor({ pool, clock, meters, catalog, failed }: PoliciesOptions) {
    this.#pool = pool;
    this.#catalog = catalog;
    this.#failed = failed;
    this.#versions = new Map([[catalog.version, catalog]]);
    this.#readVersion = catalogVersions(pool, catalog);
    this.#priced = new PricedCatalogs(pool, catalog);
    this.#states = new WorkspaceStates(pool, clock, () => {
      this.#refresh().catch(failed);
    });
    this.#watch = new LadderWatch({ pool, clock, meters, workspaces: this.#states });
  }

  async start(): Promise<void> {
    await this.#states.start();
    await this.#states.read(PLATFORM);
    await this.#refresh();
    const work = () => Promise.all([this.evaluate(), this.#calls.write(this.#pool)]);
    this.#evaluating = repeat(EVALUATE_EVERY_MS, work, this.#failed);
  }

  readonly of = (workspace: Workspace, now: Temporal.Instant): Policy =>
    effectivePolicy({
      workspace,
      catalog: this.#soldTo(workspace),
      state: this.#state,
      workspace_state: this.#states.of(workspace.id),
      now,
      resolved: this.spent,
    });

  ready(workspace: Workspace): Promise<void> | undefined {
    const reading = this.#states.ready(workspace.id, workspace.plan);
    if (reading === undefined && this.#versions.has(workspace.catalogue_version)) return undefined;
    return this.#makeReady(workspace, reading);
  }

  readonly load = async (workspace: Workspace, now: Temporal.Instant): Promise<Policy> => {
    await this.ready(workspace);
    return this.of(workspace, now);
  };

  readonly spent = (policy: Policy): void => this.#watch.mark(policy);

  async evaluate(): Promise<void> {
    await Promise.all([this.#watch.evaluate(), this.#refresh()]);
  }

  readonly observed = (workspace: Workspace, outcome: string): void => {
    if (this.#rollouts.length === 0) return;
    for (const from of [workspace.catalogue_version, this.#catalog.price_list.version])
      this.#calls.count(this.#rollouts, workspace.id, from, outcome);
  };

  state(): PolicyState {
    return this.#state;
  }

  async close(): Promise<void> {
    await this.#evaluating?.stop();
    await this.#calls.write(this.#pool).catch(this.#failed);
    await this.#states.close();
  }

  /** A new object only when something is another: policies are cached by it. */
  async #refresh(): Promise<void> {
    const [{ rows }, levels = [], moving] = await Promise.all([
      this.#pool.query<{ frozen: boolean }>('select frozen from policy.platform'),
      this.#watch.evaluateShared(this.#catalog),
      activeRollouts(this.#pool),
    ]);
    // Before anybody is moved there: who is served meanwhile must find the version at hand.
    for (const { to_version } of moving) {
      if (isPriceVersion(to_version)) await this.#priced.read(to_version);
      else if (!this.#versions.has(to_version)) await this.#readSold(to_version);
    }
    if (moving.map(describeRollout).join() !== this.#rollouts.map(describeRollout).join()) this.#rollouts = moving;
    const frozen = rows[0]?.frozen === true;
    if (frozen === this.#state.frozen && sameLevels(levels, this.#state.levels ?? [])) return;
    this.#state = Object.freeze({ frozen, levels });
  }

  async #readSold(version: string): Promise<void> {
    const sold = await this.#readVersion(version);
    assert(sold, `catalog ${version} is in use and was never stored`);
    this.#versions.set(version, sold);
  }

  /** Kept by the workspace's object: the place of a workspace is a hash, which is not for every call. */
  #versionsOf(workspace: Workspace): RolloutVersions {
    const rollouts = this.#rollouts;
    const known = this.#moves.get(workspace);
    if (known?.rollouts === rollouts) return known;
    const version = versionFor(rollouts, workspace.id, workspace.catalogue_version);
    const prices = versionFor(rollouts, workspace.id, this.#catalog.price_list.version);
    const moved = { rollouts, version, prices };
    this.#moves.set(workspace, moved);
    return moved;
  }

  /** What it bought, unless a rollout moves it to a version that has its plan. */
  #soldTo(workspace: Workspace): Catalog {
    const bought = workspace.catalogue_version;
    const own = this.#versions.get(bought);
    assert(own, `catalog ${bought} is not at hand`);
    if (this.#rollouts.length === 0) return own;
    const { version, prices } = this.#versionsOf(workspace);
    const moved = version === bought ? undefined : this.#versions.get(version);
    return this.#priced.at(moved && findPlan(moved, workspace.plan) ? moved : own, prices);
  }

  async #makeReady(workspace: Workspace, reading: Promise<void> | undefined): Promise<void> {
    if (!this.#versions.has(workspace.catalogue_version)) await this.#readSold(workspace.catalogue_version);
    await reading;
  }
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
