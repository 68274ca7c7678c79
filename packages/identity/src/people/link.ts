import type { Clock, WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';

import { freePlan, type Offering } from '../terms.ts';
import { WITHOUT_GRANT } from '../withheld-grant.ts';
import type { RecordAuditEvent } from './audit-event.ts';

interface LinkParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly offering: () => Offering;
  readonly record: RecordAuditEvent;
}

/**
 * What an anonymous session had becomes the person's: the same workspaces, so with them every row, limit and spend. Who signs in for
 * the first time also goes on being counted as before. A person who has a free workspace already gets no second free grant by it.
 */
export async function linkPerson(parts: LinkParts, anonymous_id: string, person_id: string): Promise<readonly WorkspaceId[]> {
  if (anonymous_id === person_id) return [];
  const now = parts.clock.now().toString();
  return transaction(parts.pool, async (connection) => {
    // Both in one order: two links that cross wait for each other instead of for ever.
    await connection.query('select 1 from identity.person where id = any($1::uuid[]) order by id for update', [
      [anonymous_id, person_id],
    ]);
    const { rows } = await connection.query<{ workspace_id: WorkspaceId }>(
      `select m.workspace_id from identity.member m join identity.person p on p.id = m.person_id
       where m.person_id = $1 and p.is_anonymous and m.role = 'owner'`,
      [anonymous_id],
    );
    const linked = rows.map(({ workspace_id }) => workspace_id);
    const first = await isFirstSignIn(connection, person_id);
    const free = freePlan(parts.offering())?.code;
    if (await ownsFree(connection, person_id, free)) await withholdGrants(connection, linked, free, now);
    for (const workspace of linked) await hand(parts, connection, workspace, anonymous_id, person_id, now);
    if (first) {
      await connection.query(
        `update identity.person p set counts_as = coalesce(a.counts_as, a.id), works_in = $3
         from identity.person a where p.id = $1 and a.id = $2`,
        [person_id, anonymous_id, linked[0] ?? null],
      );
    }
    return linked;
  });
}

async function isFirstSignIn(connection: Connection, person_id: string): Promise<boolean> {
  const { rows } = await connection.query<{ first: boolean }>(
    `select p.counts_as is null and not exists (select from identity.member m where m.person_id = p.id) as first
     from identity.person p where p.id = $1`,
    [person_id],
  );
  return rows[0]?.first === true;
}

async function ownsFree(connection: Connection, person_id: string, free: string | undefined): Promise<boolean> {
  const { rowCount } = await connection.query(
    `select 1 from identity.member m join identity.workspace w using (workspace_id)
     where m.person_id = $1 and m.role = 'owner' and w.plan = $2 limit 1`,
    [person_id, free ?? null],
  );
  return rowCount !== 0;
}

async function withholdGrants(
  connection: Connection,
  workspaces: readonly WorkspaceId[],
  free: string | undefined,
  now: string,
): Promise<void> {
  await connection.query(
    `update identity.workspace set overrides = $2, changed_at = $4
     where workspace_id = any($1::uuid[]) and plan = $3 and overrides = '{}'`,
    [workspaces, JSON.stringify(WITHOUT_GRANT), free ?? null, now],
  );
}

async function hand(
  { record }: LinkParts,
  connection: Connection,
  workspace: WorkspaceId,
  from: string,
  to: string,
  now: string,
): Promise<void> {
  await connection.query('delete from identity.member where workspace_id = $1 and person_id = $2', [workspace, from]);
  await connection.query(
    `insert into identity.member (workspace_id, person_id, role, joined_at) values ($1, $2, 'owner', $3)
     on conflict (workspace_id, person_id) do update set role = 'owner'`,
    [workspace, to, now],
  );
  await record(connection, {
    actor: `person:${to}`,
    workspace,
    action: 'workspace.link',
    subject: `workspace:${workspace}`,
    detail: { from: `person:${from}` },
  });
}
