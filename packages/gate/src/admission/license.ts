import type { Refusal } from '@purser/core';
import type { Workspace } from '@purser/identity';

import type { Engine } from '../deps.ts';
import { featureRefusal } from './feature.ts';
import type { Held } from './held.ts';

/**
 * The license once more, now that the hold is written: it may have changed meanwhile, and what the workspace held been given back.
 * A call whose feature has gone is not sent, and its hold is voided. One look into memory when nothing has changed.
 */
export function confirmLicense(engine: Engine, held: Held): Held | Refusal | Promise<Held | Refusal> {
  const { workspace } = held.draft;
  const current = engine.workspaceNow?.(workspace.id);
  if (current === workspace || current === undefined) return held;
  if (current instanceof Promise)
    return current.then(
      (read) => confirm(engine, held, read),
      (error: unknown) => giveUp(engine, held, error),
    );
  return current.license === workspace.license ? held : confirm(engine, held, current);
}

/** Whether nothing is known here of another license than the one the call was admitted under. */
export function hasLicenseOf(engine: Engine, { draft: { workspace } }: Held): boolean {
  const current = engine.workspaceNow?.(workspace.id);
  if (!(current instanceof Promise)) return current === undefined || current.license === workspace.license;
  // Nobody waits for what is being read; whether it can be is the next call's to find out.
  current.catch(() => {});
  return false;
}

async function confirm(engine: Engine, held: Held, current: Workspace | undefined): Promise<Held | Refusal> {
  const { workspace, operation } = held.draft;
  if (current === undefined || current.license === workspace.license) return held;
  const now = engine.clock.now();
  // On the plan the call was admitted under: a plan that changed at the same time is for the next call.
  const policy = engine.policyOf({ ...workspace, license: current.license, license_since: current.license_since }, now);
  const refusal = featureRefusal(policy, operation.feature);
  if (refusal === undefined) return held;
  await voidHold(engine, held);
  return refusal;
}

async function giveUp(engine: Engine, held: Held, error: unknown): Promise<never> {
  await voidHold(engine, held);
  throw error;
}

async function voidHold({ meters }: Engine, { hold }: Held): Promise<void> {
  await meters.end({ kind: 'void', hold: hold.id, workspace: hold.workspace });
}
