import { isRefusal, RefusalError } from '@purser/core';
import type { Overrides, Workspace as Tenant } from '@purser/identity';
import { refuseLoss, withAcceptedLoss } from '@purser/policy';
import { findPlan } from '@purser/catalog';

import { tenantOf } from './callers.ts';
import type { Parts } from './open-parts.ts';
import type { NewWorkspace, Purser, Workspace } from './types.ts';

export function workspacesOf(parts: Parts): Purser['workspaces'] {
  const create = async (wanted: NewWorkspace): Promise<Workspace> => {
    const overrides = agreed(parts, wanted.plan, wanted.overrides);
    const { external_id, plan, name = external_id, timezone } = wanted;
    const made = await parts.workspaces.create({
      external_id,
      plan,
      name,
      ...(timezone !== undefined && { timezone }),
      ...(overrides && { overrides }),
    });
    if (isRefusal(made)) throw new RefusalError(made);
    return shown(made);
  };
  return {
    create,
    async ensure(wanted) {
      const found = await parts.workspaces.named(wanted.external_id);
      if (found !== undefined) return shown(found);
      try {
        return await create(wanted);
      } catch (error) {
        // Another process was faster: then it is there.
        const now = await parts.workspaces.named(wanted.external_id);
        if (now !== undefined) return shown(now);
        throw error;
      }
    },
    async get(name) {
      return shown(await tenantOf(parts, name));
    },
    async change(name, { plan, name: renamed, overrides: given }) {
      const workspace = await tenantOf(parts, name);
      const overrides = agreed(parts, plan ?? workspace.plan, given);
      const changed = await parts.workspaces.change(workspace.id, {
        ...(plan !== undefined && { plan }),
        ...(renamed !== undefined && { name: renamed }),
        ...(overrides && { overrides }),
      });
      if (isRefusal(changed)) throw new RefusalError(changed);
      return shown(changed.after);
    },
  };
}

/** What is agreed has to keep the margin of its plan, or say why it need not. @throws RefusalError */
function agreed({ catalog, clock }: Parts, plan: string, overrides: NewWorkspace['overrides']): Overrides | undefined {
  if (overrides === undefined) return undefined;
  const sold = findPlan(catalog, plan);
  const wanted = overrides as Overrides;
  const refused = sold && refuseLoss({ plan, overrides: wanted }, catalog, clock.now());
  if (refused) throw new RefusalError(refused);
  return sold ? withAcceptedLoss(wanted, sold) : wanted;
}

export function shown({ id, external_id, name, plan }: Tenant): Workspace {
  return { id, external_id, name, plan };
}
