import { appendAudit } from '@purser/audit';
import { PLATFORM, type Refusal, RefusalError, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, newId, transaction } from '@purser/database';

import { type ErasureId, type ErasureKind, type PrivacyParts } from './erasure.ts';

/** Who asks: for whom a debt stands in the way, and what the audit log names. */
export interface Requester {
  readonly actor: string;
  /** An operator may erase a workspace that owes; what it owes stays in the books. */
  readonly operator: boolean;
}

interface Begun {
  readonly erasures: readonly ErasureId[];
  readonly workspaces: readonly WorkspaceId[];
  readonly persons: readonly string[];
}

/**
 * What has to happen at once, in one transaction: keys, members and sessions let nobody in, names are gone from where people look, and
 * the row is there by which the rest is done. Asked for again it is the same erasure. Refuses `limit_reached` and `not_found`.
 */
export async function beginWorkspace(parts: PrivacyParts, workspace: WorkspaceId, by: Requester): Promise<Begun | Refusal> {
  return refusing(() => transaction(parts.pool, (connection) => eraseWorkspace(parts, connection, workspace, by)));
}

/** Persons who own a workspace alone hand it over or have it erased with them. Refuses `limit_reached` and `not_found`. */
export async function beginPerson(
  parts: PrivacyParts,
  person: string,
  by: Requester,
  with_workspaces: boolean,
): Promise<Begun | Refusal> {
  return refusing(() =>
    transaction(parts.pool, async (connection) => {
      const { rows: owned } = await connection.query<{ workspace_id: WorkspaceId; name: string; others: bigint }>(
        'select workspace_id, name, others from identity.solely_owned($1)',
        [person],
      );
      const [first] = owned;
      if (first && !with_workspaces) {
        const names = owned.map(({ name }) => `"${name}"`).join(', ');
        throw new RefusalError(
          refuse(
            'limit_reached',
            `you are the only owner of ${names}: make another member an owner there, delete the workspace first, or choose to delete it with the account`,
          ),
        );
      }
      const erasures: ErasureId[] = [];
      const persons: string[] = [person];
      for (const { workspace_id } of owned) {
        const gone = await eraseWorkspace(parts, connection, workspace_id, by, person);
        erasures.push(...gone.erasures);
        persons.push(...gone.persons);
      }
      return {
        erasures: [await erasePerson(parts, connection, person, by), ...erasures],
        workspaces: owned.map(({ workspace_id }) => workspace_id),
        persons,
      };
    }),
  );
}

/** An end user is a name that the founder's backend gave; nothing of it is here but in one workspace. */
export async function beginEndUser(
  parts: PrivacyParts,
  { workspace, name }: { readonly workspace: WorkspaceId; readonly name: string },
  by: Requester,
): Promise<Begun> {
  return transaction(parts.pool, async (connection) => {
    const id = await insert(parts, connection, { kind: 'end_user', workspace, person: null, texts: [name], workspaces: [] }, by);
    return { erasures: [id], workspaces: [], persons: [] };
  });
}

async function eraseWorkspace(
  parts: PrivacyParts,
  connection: Connection,
  workspace: WorkspaceId,
  by: Requester,
  spared?: string,
): Promise<Begun> {
  await refuseWhilePaying(connection, workspace, by);
  const id = await insert(parts, connection, { kind: 'workspace', workspace, person: null, texts: null, workspaces: [] }, by);
  const { rows } = await connection.query<{ person_id: string }>('select person_id from identity.erase_workspace($1, $2, $3)', [
    workspace,
    pseudonymOf(id),
    parts.clock.now().toString(),
  ]);
  // Whoever belonged to this workspace alone has no reason to be kept.
  const left = rows.map(({ person_id }) => person_id).filter((person) => person !== spared);
  const erasures = [id];
  for (const person of left) erasures.push(await erasePerson(parts, connection, person, by));
  return { erasures, workspaces: [workspace], persons: left };
}

async function refuseWhilePaying(connection: Connection, workspace: WorkspaceId, by: Requester): Promise<void> {
  const { rows } = await connection.query<{ live: boolean; owed: bigint }>(
    'select marketplace.has_live_subscription($1) as live, marketplace.owed_credits($1) as owed',
    [workspace],
  );
  if (rows[0]?.live === true) {
    throw new RefusalError(
      refuse(
        'limit_reached',
        'the workspace has an active subscription; cancel it in the billing portal, then delete the workspace',
      ),
    );
  }
  const owed = rows[0]?.owed ?? 0n;
  if (owed > 0n && !by.operator) {
    throw new RefusalError(
      refuse(
        'limit_reached',
        `the workspace owes ${owed} credits for a returned payment; buy a pack to settle them, or contact the operator of this service`,
      ),
    );
  }
}

async function erasePerson(parts: PrivacyParts, connection: Connection, person: string, by: Requester): Promise<ErasureId> {
  const { rows } = await connection.query<{ email: string | null; workspaces: string[] }>(
    'select email, workspaces from identity.erase_person($1)',
    [person],
  );
  const { email = null, workspaces = [] } = rows[0] ?? {};
  const texts = email === null ? [] : [email];
  return insert(parts, connection, { kind: 'person', workspace: PLATFORM, person, texts, workspaces }, by);
}

interface NewErasure {
  readonly kind: ErasureKind;
  readonly workspace: WorkspaceId;
  readonly person: string | null;
  readonly texts: readonly string[] | null;
  readonly workspaces: readonly string[];
}

/** The one there is already, when this was asked for before. */
async function insert(parts: PrivacyParts, connection: Connection, wanted: NewErasure, by: Requester): Promise<ErasureId> {
  const { kind, workspace, person, texts, workspaces } = wanted;
  const { rows: known } = await connection.query<{ id: ErasureId }>(
    `select erasure_id as id from privacy.erasure
     where kind = $1 and kind <> 'end_user' and (workspace_id = $2 and kind = 'workspace' or person_id = $3)`,
    [kind, workspace, person],
  );
  if (known[0]) return known[0].id;
  const id = newId<'erasure'>();
  const now = parts.clock.now();
  await connection.query(
    `insert into privacy.erasure (erasure_id, kind, workspace_id, person_id, workspaces, texts, pseudonym, requested_by, requested_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, kind, workspace, person, workspaces, texts, pseudonymOf(id), by.actor, now.toString()],
  );
  await appendAudit(connection, {
    at: now,
    actor: by.actor,
    workspace: kind === 'person' ? null : workspace,
    action: `${kind}.erase`,
    subject: subjectOf({ kind, workspace, person, id }),
    detail: { erasure: id },
  });
  return id;
}

/** What stands in place of a name; nothing leads from it to the name. */
function pseudonymOf(id: ErasureId): string {
  return `erased-${id.slice(-12)}`;
}

export function subjectOf(of: {
  readonly kind: ErasureKind;
  readonly workspace: string;
  readonly person: string | null;
  readonly id: string;
}): string {
  if (of.kind === 'workspace') return `workspace:${of.workspace}`;
  return of.kind === 'person' ? `person:${of.person}` : `erasure:${of.id}`;
}

async function refusing<T>(work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal;
    throw error;
  }
}
