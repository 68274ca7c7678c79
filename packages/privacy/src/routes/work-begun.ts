import { type Clock, doneWithin, type WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Identity } from '@purser/identity';
import type { Log } from '@purser/log';

import type { Doors, ErasureId, PrivacyParts } from '../erasure.ts';
import { workErasures } from '../work.ts';

import type { PrivacyRoutesDeps } from './deps.ts';

/** What a request to erase has begun. */
export interface BegunErasure {
  readonly erasures: readonly ErasureId[];
  readonly workspaces: readonly WorkspaceId[];
  readonly persons: readonly string[];
}

/** Most are done by then; whoever asked sees that. The others go on in the background. */
const ANSWER_WITHIN_MS = 5_000;

export function erasingParts(pool: Pool, clock: Clock, identity: Identity): PrivacyParts {
  const doors: Doors = {
    workspaceErased: (id) => identity.forgetErased(id),
    endSessions: (person_id) => identity.persons.endSessions(person_id),
    endSessionsFor: (workspace, user) => identity.endSessionsFor(workspace, user),
  };
  return { pool, clock, doors };
}

/** This server believes nothing any more of what is erased; the rest is worked at, and answered for after a while. */
export async function workBegun(
  { erasing, log }: Pick<PrivacyRoutesDeps, 'erasing' | 'log'>,
  begun: BegunErasure,
): Promise<void> {
  for (const id of begun.workspaces) erasing.doors.workspaceErased(id);
  const work = Promise.all(begun.erasures.map((id) => workErasures(erasing, id))).catch((error: unknown) => told(log, error));
  await doneWithin(work, ANSWER_WITHIN_MS);
}

function told(log: Log, err: unknown): void {
  log.error({ err }, 'an erasure could not be finished; it will be tried again');
}
