import { type Clock, isUuid, type Refusal } from '@purser/core';
import { type Pool, transaction } from '@purser/database';

import { type ChangedWorkspace, changeWorkspace, type WorkspaceChange } from './change-workspace.ts';
import { insertWorkspace, type NewWorkspace } from './create-workspace.ts';
import { Directory } from './directory.ts';
import type { Offering } from './terms.ts';
import type { Workspace } from './workspace.ts';

/** Workspaces alone, without keys, sessions and people: for a program that knows its own callers. */
export interface Workspaces {
  /** Without a key. Refuses `invalid_request`. */
  create(wanted: NewWorkspace): Promise<Workspace | Refusal>;
  /** Refuses `invalid_request` and `not_found`. */
  change(id: string, change: WorkspaceChange): Promise<ChangedWorkspace | Refusal>;
  /** At once when cached. */
  byId(id: string): Workspace | undefined | Promise<Workspace | undefined>;
  /** By id, else by `external_id`. */
  named(name: string): Promise<Workspace | undefined>;
  close(): Promise<void>;
}

export async function openWorkspaces(parts: {
  readonly pool: Pool;
  readonly clock: Clock;
  /** What is for sale now: what new and moved workspaces go onto. */
  readonly offering: () => Offering;
}): Promise<Workspaces> {
  const { pool, clock } = parts;
  const directory = new Directory(pool);
  await directory.start();
  return {
    create: (wanted) => transaction(pool, (connection) => insertWorkspace(connection, parts.offering(), clock.now(), wanted)),
    async change(id, change) {
      const changed = await changeWorkspace({ pool, clock, offering: parts.offering() }, id, change);
      // The others are told by Postgres; whoever asks here next must not be told the old.
      directory.forget({ of: 'workspace', id });
      return changed;
    },
    byId: (id) => directory.workspace(id),
    async named(name) {
      const found = isUuid(name) ? await directory.workspace(name) : undefined;
      return found ?? directory.workspaceByExternalId(name);
    },
    close: () => directory.close(),
  };
}
