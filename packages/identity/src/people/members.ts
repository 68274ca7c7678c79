import { isUuid, PLATFORM, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transaction, workspaceTransaction } from '@purser/database';

import type { RecordAuditEvent } from './audit-event.ts';
import type { MemberRole } from './person.ts';

export interface Member {
  readonly id: string;
  /** Null: someone who has not signed in by a mailbox yet. */
  readonly email: string | null;
  /** The user that limits and allocations count it as. */
  readonly user: string;
  readonly role: MemberRole;
  readonly joined_at: Temporal.Instant;
}

/** Who changes something about members, and how far that reaches: as an owner, as an admin, or not beyond oneself. */
export interface Authority {
  readonly actor: string;
  readonly role: MemberRole;
  /** Null: a key or a token, nobody of the members. */
  readonly person_id: string | null;
}

interface MemberParts {
  readonly pool: Pool;
  readonly record: RecordAuditEvent;
}

const COLUMNS = `m.person_id as id, case when p.is_anonymous then null else p.email end as email, coalesce(p.counts_as, p.id)::text as user, m.role, m.joined_at`;
const NO_MEMBER = refuse('not_found', 'the workspace has no such member');
const LAST_OWNER = refuse('limit_reached', 'a workspace needs at least one owner; make another member an owner first');

/** Whom the role that row-level security binds finds there, and nobody else. */
export async function listMembers(pool: Pool, workspace: WorkspaceId): Promise<readonly Member[]> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<Member>(
      `select ${COLUMNS} from identity.member m join identity.person p on p.id = m.person_id
       where m.workspace_id = $1 order by m.joined_at, m.person_id`,
      [workspace],
    ),
  );
  return rows;
}

/** Only an owner makes and unmakes owners and admins. Refuses `forbidden`, `not_found`, and `limit_reached` for the last owner. */
export async function changeMemberRole(
  parts: MemberParts,
  workspace: WorkspaceId,
  id: string,
  role: MemberRole,
  by: Authority,
): Promise<Member | Refusal> {
  return workspaceTransaction(parts.pool, workspace, async (connection) => {
    const before = await lockMember(connection, workspace, id);
    if (before === undefined) return NO_MEMBER;
    if (by.role !== 'owner') return refuse('forbidden', 'only an owner can change the role of a member');
    if (before.role === 'owner' && role !== 'owner' && (await countOwners(connection, workspace)) === 1n) return LAST_OWNER;
    await connection.query('update identity.member set role = $3 where workspace_id = $1 and person_id = $2', [
      workspace,
      id,
      role,
    ]);
    await parts.record(connection, {
      actor: by.actor,
      workspace,
      action: 'member.role',
      subject: `person:${id}`,
      detail: { before: before.role, after: role },
    });
    return { ...before, role };
  });
}

/** Takes somebody out, or oneself. Refuses `forbidden`, `not_found`, and `limit_reached` for the last owner. */
export async function removeMember(
  parts: MemberParts,
  workspace: WorkspaceId,
  id: string,
  by: Authority,
): Promise<Member | Refusal> {
  return workspaceTransaction(parts.pool, workspace, async (connection) => {
    const before = await lockMember(connection, workspace, id);
    if (before === undefined) return NO_MEMBER;
    if (by.person_id !== id && !mayRemove(by.role, before.role)) {
      return refuse('forbidden', `a member with the role ${before.role} can be removed by an owner only`);
    }
    if (before.role === 'owner' && (await countOwners(connection, workspace)) === 1n) return LAST_OWNER;
    await connection.query('delete from identity.member where workspace_id = $1 and person_id = $2', [workspace, id]);
    await parts.record(connection, {
      actor: by.actor,
      workspace,
      action: 'member.remove',
      subject: `person:${id}`,
      detail: { role: before.role },
    });
    return before;
  });
}

export interface Operator {
  readonly id: string;
  readonly email: string;
  readonly joined_at: Temporal.Instant;
}

export async function listOperators(pool: Pool): Promise<readonly Operator[]> {
  const { rows } = await pool.query<Operator>(
    'select p.id, p.email, m.joined_at from identity.member m join identity.person p on p.id = m.person_id where m.workspace_id = $1 order by m.joined_at',
    [PLATFORM],
  );
  return rows;
}

/** Refuses `not_found`. */
export async function removeOperator(parts: MemberParts, id: string, actor: string): Promise<true | Refusal> {
  if (!isUuid(id)) return refuse('not_found', 'there is no such operator');
  return transaction(parts.pool, async (connection) => {
    const { rowCount } = await connection.query('delete from identity.member where workspace_id = $1 and person_id = $2', [
      PLATFORM,
      id,
    ]);
    if (rowCount === 0) return refuse('not_found', 'there is no such operator');
    await parts.record(connection, { actor, workspace: null, action: 'operator.remove', subject: `person:${id}`, detail: {} });
    return true;
  });
}

function mayRemove(by: MemberRole, whom: MemberRole): boolean {
  return by === 'owner' || (by === 'admin' && whom === 'member');
}

/** The workspace's row is locked first, so whoever counts owners counts alone. */
async function lockMember(connection: Connection, workspace: WorkspaceId, id: string): Promise<Member | undefined> {
  if (!isUuid(id)) return undefined;
  await connection.query('select 1 from identity.workspace where workspace_id = $1 for update', [workspace]);
  const { rows } = await connection.query<Member>(
    `select ${COLUMNS} from identity.member m join identity.person p on p.id = m.person_id where m.workspace_id = $1 and m.person_id = $2`,
    [workspace, id],
  );
  return rows[0];
}

async function countOwners(connection: Connection, workspace: WorkspaceId): Promise<bigint> {
  const { rows } = await connection.query<{ owners: bigint }>(
    `select count(*) as owners from identity.member where workspace_id = $1 and role = 'owner'`,
    [workspace],
  );
  return rows[0]?.owners ?? 0n;
}
