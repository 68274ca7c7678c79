import type { CommandContext } from '@purser/module';
import { type Clock, Fault, isRefusal, type Refusal } from '@purser/core';
import type { Pool } from '@purser/database';
import { personNamed, workspaceNamed } from '@purser/identity';

import { beginPerson, beginWorkspace } from '../begin.ts';
import { findErasure, type PrivacyParts } from '../erasure.ts';
import { workErasures } from '../work.ts';

/** A command has no sessions and no memory of its own: running servers hear of it from Postgres within a second. */
const partsOf = (clock: Clock, pool: Pool): PrivacyParts => ({
  pool,
  clock,
  doors: { workspaceErased: () => undefined, endSessions: () => Promise.resolve(), endSessionsFor: () => Promise.resolve() },
});
const BY = { actor: 'cli', operator: true } as const;

/** Deletes a workspace for good, by its id or external id; its name has to be typed, or given as `confirm`. */
export async function eraseWorkspace(context: CommandContext, name: string, confirm: string | undefined): Promise<void> {
  const pool = await context.database();
  const found = await workspaceNamed(pool, name);
  await confirmed(context, `the workspace "${found.name}" and everything in it`, found.name, confirm);
  await finish(context, pool, await beginWorkspace(partsOf(context.clock, pool), found.workspace_id, BY));
}

/** Deletes the account of a person, by e-mail address. */
export async function erasePerson(
  context: CommandContext,
  email: string,
  options: { confirm: string | undefined; deleteWorkspaces: boolean },
): Promise<void> {
  const pool = await context.database();
  const id = await personNamed(pool, email);
  await confirmed(context, `the account of ${email}`, email, options.confirm);
  await finish(context, pool, await beginPerson(partsOf(context.clock, pool), id, BY, options.deleteWorkspaces));
}

async function confirmed(context: CommandContext, what: string, wanted: string, given: string | undefined): Promise<void> {
  const typed =
    given ??
    (await context.ask(
      `This deletes ${what} for good. Export first: this cannot be undone.\nType ${JSON.stringify(wanted)} to continue: `,
    ));
  if (typed.trim().toLowerCase() === wanted.toLowerCase()) return;
  throw new Fault('the confirmation does not match, so nothing was deleted (a script passes it with --confirm)', {
    retryable: false,
  });
}

async function finish(
  context: CommandContext,
  pool: Pool,
  begun: Awaited<ReturnType<typeof beginWorkspace>> | Refusal,
): Promise<void> {
  if (isRefusal(begun)) throw new Fault(begun.detail, { retryable: false });
  for (const id of begun.erasures) {
    await workErasures(partsOf(context.clock, pool), id);
    const erasure = await findErasure(pool, id);
    if (!erasure) continue;
    const how = erasure.state === 'done' ? 'erased' : 'started: running calls end first, then a running server finishes it';
    context.print(`${erasure.kind} ${erasure.pseudonym}: ${how} (erasure ${id}, ${erasure.rows} rows)`);
  }
}
