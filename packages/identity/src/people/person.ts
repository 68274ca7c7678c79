import type { Queryable } from '@purser/database';

/** What a person may do in a workspace. `owner`: everything there, its owners included; `admin`: members and keys; `member`: works and spends. */
export const MEMBER_ROLES = ['owner', 'admin', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/** Someone who signs in, with every workspace it belongs to. */
export interface Person {
  readonly id: string;
  /** Null: nobody has proven a mailbox yet. */
  readonly email: string | null;
  /** What limits per user are counted by: unchanged by signing in for the first time. */
  readonly counts_as: string;
  /** May administer the installation. */
  readonly operator: boolean;
  /** The workspace its requests act in when they name none: the one last chosen, else the one first joined. */
  readonly works_in: string | null;
  readonly memberships: ReadonlyMap<string, MemberRole>;
}

interface PersonRow {
  id: string;
  email: string | null;
  counts_as: string;
  works_in: string | null;
  workspaces: string[];
  roles: (MemberRole | 'operator')[];
}

const PERSON = `
  select p.id, case when p.is_anonymous then null else p.email end as email, coalesce(p.counts_as, p.id) as counts_as, p.works_in,
         coalesce(array_agg(m.workspace_id::text order by m.joined_at, m.workspace_id) filter (where m.role is not null), '{}') as workspaces,
         coalesce(array_agg(m.role order by m.joined_at, m.workspace_id) filter (where m.role is not null), '{}') as roles
  from identity.person p left join identity.member m on m.person_id = p.id
  where p.id = $1 group by p.id`;

export async function findPerson(tx: Queryable, id: string): Promise<Person | undefined> {
  const { rows } = await tx.query<PersonRow>(PERSON, [id]);
  const row = rows[0];
  if (row === undefined) return undefined;
  const memberships = new Map<string, MemberRole>();
  let operator = false;
  for (const [index, role] of row.roles.entries()) {
    if (role === 'operator') operator = true;
    else memberships.set(row.workspaces[index] ?? '', role);
  }
  const chosen = row.works_in !== null && memberships.has(row.works_in) ? row.works_in : undefined;
  const works_in = chosen ?? memberships.keys().next().value ?? null;
  return Object.freeze({ id: row.id, email: row.email, counts_as: row.counts_as, operator, works_in, memberships });
}
