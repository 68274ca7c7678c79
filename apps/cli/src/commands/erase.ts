import { Fault, isRefusal, type Refusal, systemClock } from '@purser/core';
import type { Pool } from '@purser/database';
import { loadSettings } from '@purser/settings';
import { beginPerson, beginWorkspace, findErasure, type PrivacyParts, workErasures } from '@purser/privacy';

import { ask } from '../agreed.ts';
import { openDatabase } from '../open-database.ts';

/** A command has no sessions and no memory of its own: running servers hear of it from Postgres within a second. */
const partsOf = (pool: Pool): PrivacyParts => ({
  pool,
  clock: systemClock,
  doors: { workspaceErased: () => undefined, endSessions: () => Promise.resolve(), endSessionsFor: () => Promise.resolve() },
});
const BY = { actor: 'cli', operator: true } as const;

/** Deletes a workspace for good, by its id or external id; its name has to be typed, or given as `confirm`. */
export async function eraseWorkspace(name: string, confirm: string | undefined): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const found = await workspaceNamed(database.pool, name);
  await confirmed(`the workspace "${found.name}" and everything in it`, found.name, confirm);
  await finish(database.pool, await beginWorkspace(partsOf(database.pool), found.workspace_id, BY));
}

/** Deletes the account of a person, by e-mail address. */
export async function erasePerson(email: string, options: { confirm?: string; deleteWorkspaces?: boolean }): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const id = await personOf(database.pool, email);
  await confirmed(`the account of ${email}`, email, options.confirm);
  await finish(database.pool, await beginPerson(partsOf(database.pool), id, BY, options.deleteWorkspaces === true));
}

export async function workspaceNamed(pool: Pool, name: string) {
  const { rows } = await pool.query<{ workspace_id: Parameters<typeof beginWorkspace>[1]; name: string }>(
    'select workspace_id, name from identity.workspace_named($1)',
    [name],
  );
  if (!rows[0]) throw new Fault(`no workspace has the id or external_id ${JSON.stringify(name)}`, { retryable: false });
  return rows[0];
}

export async function personOf(pool: Pool, email: string): Promise<string> {
  const { rows } = await pool.query<{ id: string | null }>('select identity.person_of($1) as id', [email]);
  const id = rows[0]?.id ?? null;
  if (id === null) throw new Fault(`nobody has signed in as ${email}`, { retryable: false });
  return id;
}

async function confirmed(what: string, wanted: string, given: string | undefined): Promise<void> {
  const typed =
    given ??
    (await ask(`This deletes ${what} for good. Export first: it cannot be undone.\nType ${JSON.stringify(wanted)} to go on: `));
  if (typed.trim().toLowerCase() === wanted.toLowerCase()) return;
  throw new Fault('that is not what was to be typed (a script gives it with --confirm); nothing was deleted', {
    retryable: false,
  });
}

async function finish(pool: Pool, begun: Awaited<ReturnType<typeof beginWorkspace>> | Refusal): Promise<void> {
  if (isRefusal(begun)) throw new Fault(begun.detail, { retryable: false });
  for (const id of begun.erasures) {
    await workErasures(partsOf(pool), id);
    const erasure = await findErasure(pool, id);
    if (!erasure) continue;
    const how = erasure.state === 'done' ? 'erased' : 'begun; calls under way end first, then a running server goes on with it';
    console.log(`${erasure.kind} ${erasure.pseudonym}: ${how} (erasure ${id}, ${erasure.rows} rows)`);
  }
}
