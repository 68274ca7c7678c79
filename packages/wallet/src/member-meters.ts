import { LruCache, type WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import type { MeterSpec } from '@purser/meters';
import type { Policy } from '@purser/policy';

import { type Allocation, allocationMeter, listAllocations } from './allocation.ts';

type Workspace = Policy['workspace'];

/** The meters a member's call takes from besides its workspace's: its own, its team's; undefined when neither is limited. */
export interface MemberMeters {
  /** At once when the workspace is known; without a member, nothing. */
  readonly of: (policy: Policy, member: string | undefined) => MeterSpecs | Promise<MeterSpecs>;
  /** Forgets what this server knows of a workspace, so that whoever changed it here meets the change at once. */
  forget(workspace: WorkspaceId): void;
}

type MeterSpecs = readonly MeterSpec[] | undefined;
type Members = ReadonlyMap<string, readonly Allocation[]>;

interface WorkspaceMembers {
  /** A workspace object is replaced whenever anything about it changes, its allocations included. */
  readonly workspace: Workspace;
  members: Members | Promise<Members>;
}

const WORKSPACES_MAX = 50_000;
const NOBODY: Members = new Map();

export function memberMeters(pool: Pool): MemberMeters {
  const known = new LruCache<WorkspaceId, WorkspaceMembers>(WORKSPACES_MAX);
  const specs = new WeakMap<Policy, Map<string, readonly MeterSpec[]>>();

  const metersOf = (policy: Policy, members: Members, member: string): MeterSpecs => {
    const allocations = members.get(member);
    if (allocations === undefined) return undefined;
    let ofPolicy = specs.get(policy);
    if (ofPolicy === undefined) specs.set(policy, (ofPolicy = new Map<string, readonly MeterSpec[]>()));
    let meters = ofPolicy.get(member);
    if (meters === undefined) {
      meters = allocations.map((allocation) => Object.freeze(allocationMeter(policy, allocation, allocation.credits ?? 0n)));
      ofPolicy.set(member, meters);
    }
    return meters;
  };

  const membersOf = (workspace: Workspace): Members | Promise<Members> => {
    const found = known.get(workspace.id);
    if (found?.workspace === workspace) return found.members;
    const loading = load(pool, workspace.id).then(
      (members) => (entry.members = members),
      (error: unknown) => {
        if (known.get(workspace.id) === entry) known.delete(workspace.id);
        throw error;
      },
    );
    const entry: WorkspaceMembers = { workspace, members: loading };
    known.set(workspace.id, entry);
    return loading;
  };

  return {
    of(policy, member) {
      if (member === undefined) return undefined;
      const members = membersOf(policy.workspace);
      if (members instanceof Promise) return members.then((loaded) => metersOf(policy, loaded, member));
      return members === NOBODY ? undefined : metersOf(policy, members, member);
    },
    forget: (workspace) => known.delete(workspace),
  };
}

/** Who is limited by what: a member by its own allocation and by its team's. */
async function load(pool: Pool, workspace: WorkspaceId): Promise<Members> {
  const allocations = await listAllocations(pool, workspace);
  if (allocations.length === 0) return NOBODY;
  const teams = new Map(allocations.flatMap((one) => (one.kind === 'team' && one.credits !== null ? [[one.name, one]] : [])));
  const members = new Map<string, readonly Allocation[]>();
  for (const member of allocations) {
    if (member.kind !== 'member') continue;
    const team = member.team === null ? undefined : teams.get(member.team);
    const limits = [...(member.credits === null ? [] : [member]), ...(team ? [team] : [])];
    if (limits.length > 0) members.set(member.name, limits);
  }
  return members;
}
