import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import { type Catalog, catalogVersions } from '@purser/catalog';
import { type Workspace, type WorkspaceOverTime, workspacesOverTime } from '@purser/identity';
import { type MarginLine, marginReport, packSales } from '@purser/ledger';

import { beforePeriod, readEvents } from './read-events.ts';
import type { Event } from './recorded.ts';
import { Replay } from './replay.ts';
import type { ReplayedPlan } from './replayed-plan.ts';

export interface UsageReplay {
  /** What the books say of the same time. */
  readonly books: readonly MarginLine[];
  /** Everybody under the version he had bought then. */
  readonly before: readonly ReplayedPlan[];
  /** Everybody under the proposed catalog. */
  readonly after: readonly ReplayedPlan[];
  /** Calls that failed at no known cost. */
  readonly skipped: number;
}

/** Replays what was recorded in [from, to) through what was sold and through a proposed catalog. Changes nothing. */
export async function replayUsage(
  pool: Pool,
  question: {
    /** The one in force: facts, budget and shared ladders of what was sold. */
    readonly current: Catalog;
    readonly proposed: Catalog;
    readonly from: Temporal.Instant;
    readonly to: Temporal.Instant;
    /** Absent: each call at the prices of its own time. */
    readonly prices_at?: Temporal.Instant;
    readonly configured: ReadonlySet<string>;
  },
): Promise<UsageReplay> {
  const { current, proposed, from, to } = question;
  const opens = beforePeriod(from);
  const people = new People(pool, current);
  const soldTo = (workspace: Workspace): Catalog => people.soldTo(workspace);
  const options = { ...question, soldTo, opens };
  const sides = [
    new Replay({ ...options, catalog: current, catalogOf: soldTo }),
    new Replay({ ...options, catalog: proposed, catalogOf: () => proposed }),
  ] as const;
  let skipped = 0;
  for await (const events of readEvents(pool, { opens, to }, (calls) => (skipped += calls))) {
    await people.meet(events);
    for (const { workspace: id, at, what } of events) {
      const workspace = people.at(id, at);
      if (workspace) for (const side of sides) side.add(workspace, at, what);
    }
  }
  for (const { plan, revenue, fees } of await packSales(pool, { from, to }))
    for (const side of sides) side.earn(plan, revenue, fees);
  const books = await marginReport(pool, { from, to, by: 'plan' });
  return { books, before: sides[0].result(), after: sides[1].result(), skipped };
}

/** Whose calls they are, and what they had bought. */
class People {
  readonly #pool: Pool;
  readonly #current: Catalog;
  readonly #readVersion: (version: string) => Promise<Catalog | undefined>;
  readonly #known = new Map<WorkspaceId, WorkspaceOverTime>();
  readonly #versions = new Map<string, Catalog>();

  constructor(pool: Pool, current: Catalog) {
    this.#pool = pool;
    this.#current = current;
    this.#readVersion = catalogVersions(pool, current);
  }

  async meet(events: readonly Event[]): Promise<void> {
    const unknown = new Set(events.map(({ workspace }) => workspace).filter((id) => !this.#known.has(id)));
    for (const [id, workspace] of await workspacesOverTime(this.#pool, [...unknown])) {
      this.#known.set(id, workspace);
      for (const version of workspace.versions()) {
        if (this.#versions.has(version)) continue;
        this.#versions.set(version, (await this.#readVersion(version)) ?? this.#current);
      }
    }
  }

  at(id: WorkspaceId, at: Temporal.Instant): Workspace | undefined {
    return this.#known.get(id)?.at(at);
  }

  soldTo({ catalogue_version }: Workspace): Catalog {
    return this.#versions.get(catalogue_version) ?? this.#current;
  }
}
