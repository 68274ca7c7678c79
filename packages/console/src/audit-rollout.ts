import { appendAudits, type AuditEvent } from '@purser/audit';
import type { Connection } from '@purser/database';
import { type Catalog, catalogVersion } from '@purser/catalog';
import { type Workspace, workspacesAfter } from '@purser/identity';
import { loweredBetween, type Rollout, versionFor } from '@purser/policy';

const WORKSPACES_AT_ONCE = 1_000;

interface Change {
  readonly catalog: Catalog;
  readonly actor: string;
  readonly now: Temporal.Instant;
  readonly rollout: string;
  /** In force before and after. */
  readonly before: readonly Rollout[];
  readonly after: readonly Rollout[];
}

/**
 * Writes down for each workspace that a rollout serves by another version what it is granted less of by it: an audit event of its own, in the
 * transaction of the rollout. Workspaces that are granted no less have none. Returns how many there are.
 */
export async function auditRollout(connection: Connection, change: Change): Promise<number> {
  const { actor, now, rollout, before, after } = change;
  const known = new Map<string, Catalog | undefined>();
  const soldAs = async (version: string): Promise<Catalog | undefined> => {
    if (!known.has(version)) known.set(version, await catalogVersion(connection, version, change.catalog));
    return known.get(version);
  };
  let lowered = 0;
  let last: Workspace | undefined;
  do {
    const page = await workspacesAfter(connection, last?.id ?? null, WORKSPACES_AT_ONCE);
    const events: AuditEvent[] = [];
    for (const workspace of page) {
      const [was, is] = [before, after].map((rollouts) => versionFor(rollouts, workspace.id, workspace.catalogue_version));
      if (was === undefined || is === undefined || was === is) continue;
      const [from, to] = [await soldAs(was), await soldAs(is)];
      const terms = from && to ? loweredBetween(workspace, from, to, now) : [];
      if (terms.length === 0) continue;
      events.push({
        at: now,
        actor,
        workspace: workspace.id,
        action: 'rollout.lower',
        subject: `rollout:${rollout}`,
        detail: { plan: workspace.plan, from: was, to: is, terms: terms.map((term) => ({ ...term })) },
      });
    }
    await appendAudits(connection, events);
    lowered += events.length;
    last = page.length < WORKSPACES_AT_ONCE ? undefined : page.at(-1);
  } while (last !== undefined);
  return lowered;
}
