import { Fault, type WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

/** The workspace that a person at a terminal names by its id or external_id. @throws Fault in one line when there is none. */
export async function workspaceNamed(
  database: Queryable,
  name: string,
): Promise<{ readonly workspace_id: WorkspaceId; readonly name: string }> {
  const { rows } = await database.query<{ workspace_id: WorkspaceId; name: string }>(
    'select workspace_id, name from identity.workspace_named($1)',
    [name],
  );
  if (!rows[0]) throw new Fault(`no workspace has the id or external_id ${JSON.stringify(name)}`, { retryable: false });
  return rows[0];
}

/** The id of somebody who signs in. @throws Fault in one line when nobody has this address. */
export async function personNamed(database: Queryable, email: string): Promise<string> {
  const { rows } = await database.query<{ id: string | null }>('select identity.person_of($1) as id', [email]);
  const id = rows[0]?.id ?? null;
  if (id === null) throw new Fault(`no account has the e-mail address ${email}`, { retryable: false });
  return id;
}
