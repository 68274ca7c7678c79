import { isUuid, PLATFORM, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, newId, type Pool, transaction, transactionOf, workspaceTransaction } from '@purser/database';

import { keyedHash } from './shared-secret.ts';
import type { RecordAuditEvent } from './audit-event.ts';
import type { Authority } from './members.ts';
import { countAttempts } from './limited-attempts.ts';
import type { MemberRole, Person } from './person.ts';

export interface Invitation {
  readonly id: string;
  readonly workspace: WorkspaceId;
  readonly email: string;
  readonly role: MemberRole | 'operator';
  readonly invited_at: Temporal.Instant;
  readonly expires_at: Temporal.Instant;
}

interface InvitationParts {
  readonly pool: Pool;
  readonly record: RecordAuditEvent;
  readonly naming: Buffer;
}

const COLUMNS = 'invitation_id as id, workspace_id as workspace, email, role, invited_at, expires_at';
const LIFETIME = Temporal.Duration.from({ hours: 7 * 24 });
/** Letters that a workspace makes us write to strangers. */
const A_DAY = { max: 30, within: Temporal.Duration.from({ hours: 24 }) };
const NONE = refuse('not_found', 'there is no such invitation, or it has expired');

/** Invites a mailbox; again replaces the invitation before. Refuses `forbidden`, `invalid_request` (a member already) and `limit_reached`. */
export async function invite(
  parts: InvitationParts,
  wanted: { readonly workspace: WorkspaceId; readonly email: string; readonly role: MemberRole | 'operator' },
  by: Authority,
  now: Temporal.Instant,
  inside?: Connection,
): Promise<Invitation | Refusal> {
  const { workspace, role } = wanted;
  const email = wanted.email.toLowerCase();
  if (role !== 'member' && by.role !== 'owner') return refuse('forbidden', `only an owner can invite with the role ${role}`);
  const source = keyedHash(parts.naming, `workspace ${workspace}`);
  const count = (tx: Connection) => countAttempts(tx, [{ kind: 'invitations', source, ...A_DAY }], now);
  const write = async (connection: Connection): Promise<Invitation | Refusal> => {
    // How often is known of no tenant, so a tenant's transaction has it counted beside itself: an invitation that fails counts too.
    const used = await (workspace === PLATFORM ? count(connection) : transaction(parts.pool, count));
    if (used) return refuse('limit_reached', `a workspace may send at most ${A_DAY.max} invitations a day`);
    const { rowCount } = await connection.query(
      'select 1 from identity.member m join identity.person p on p.id = m.person_id where m.workspace_id = $1 and p.email = $2',
      [workspace, email],
    );
    if (rowCount !== 0) return refuse('invalid_request', `${email} is a member already`);
    const { rows } = await connection.query<Invitation>(
      `insert into identity.invitation (workspace_id, invitation_id, email, role, invited_by, invited_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (workspace_id, email) do update set invitation_id = excluded.invitation_id, role = excluded.role,
         invited_by = excluded.invited_by, invited_at = excluded.invited_at, expires_at = excluded.expires_at
       returning ${COLUMNS}`,
      [workspace, newId(), email, role, by.actor, now.toString(), now.add(LIFETIME).toString()],
    );
    const invitation = rows[0] as Invitation;
    await parts.record(connection, {
      actor: by.actor,
      workspace: workspace === PLATFORM ? null : workspace,
      action: role === 'operator' ? 'operator.invite' : 'member.invite',
      subject: `invitation:${invitation.id}`,
      detail: { email, role },
    });
    return invitation;
  };
  return inside ? write(inside) : transactionOf(parts.pool, workspace, write);
}

/** What a workspace has sent and nobody has answered yet. */
export async function listInvitations(pool: Pool, workspace: WorkspaceId, now: Temporal.Instant): Promise<readonly Invitation[]> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<Invitation>(
      `select ${COLUMNS} from identity.invitation where expires_at > $1 order by invited_at, invitation_id`,
      [now.toString()],
    ),
  );
  return rows;
}

/** What waits for a mailbox that has been proven. */
export async function invitationsFor(
  pool: Pool,
  { email }: Person,
  now: Temporal.Instant,
): Promise<readonly (Invitation & { readonly workspace_name: string | null })[]> {
  if (email === null) return [];
  const { rows } = await pool.query<Invitation & { workspace_name: string | null }>(
    `select ${COLUMNS.replaceAll(/(\w+_id|email)/g, 'i.$1')}, w.name as workspace_name
     from identity.invitation i left join identity.workspace w on w.workspace_id = i.workspace_id
     where i.email = $1 and i.expires_at > $2 order by i.invited_at`,
    [email, now.toString()],
  );
  return rows;
}

/** Takes an invitation up: who proved the mailbox it was sent to becomes a member. Refuses `not_found`, also for another's. */
export async function acceptInvitation(
  parts: InvitationParts,
  id: string,
  person: Person,
  now: Temporal.Instant,
): Promise<Invitation | Refusal> {
  if (!isUuid(id) || person.email === null) return NONE;
  return transaction(parts.pool, async (connection) => {
    const { rows } = await connection.query<Invitation>(
      `delete from identity.invitation where invitation_id = $1 and email = $2 and expires_at > $3 returning ${COLUMNS}`,
      [id, person.email, now.toString()],
    );
    const invitation = rows[0];
    if (invitation === undefined) return NONE;
    const { workspace, role } = invitation;
    await connection.query(
      `insert into identity.member (workspace_id, person_id, role, joined_at) values ($1, $2, $3, $4) on conflict do nothing`,
      [workspace, person.id, role, now.toString()],
    );
    if (workspace !== PLATFORM) {
      await connection.query('update identity.person set works_in = $2 where id = $1', [person.id, workspace]);
    }
    await parts.record(connection, {
      actor: `person:${person.id}`,
      workspace: workspace === PLATFORM ? null : workspace,
      action: role === 'operator' ? 'operator.join' : 'member.join',
      subject: `person:${person.id}`,
      detail: { role },
    });
    return invitation;
  });
}

/** Refuses `not_found`. */
export async function withdrawInvitation(
  parts: InvitationParts,
  workspace: WorkspaceId,
  id: string,
  by: Authority,
): Promise<true | Refusal> {
  if (!isUuid(id)) return NONE;
  return transactionOf(parts.pool, workspace, async (connection) => {
    const { rows } = await connection.query<{ email: string }>(
      'delete from identity.invitation where invitation_id = $1 and workspace_id = $2 returning email',
      [id, workspace],
    );
    const [gone] = rows;
    if (gone === undefined) return NONE;
    await parts.record(connection, {
      actor: by.actor,
      workspace: workspace === PLATFORM ? null : workspace,
      action: 'member.uninvite',
      subject: `invitation:${id}`,
      detail: { email: gone.email },
    });
    return true;
  });
}
