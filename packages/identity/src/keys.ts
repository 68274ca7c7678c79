import { type Id, isUuid, PLATFORM, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, newId, type Pool, type Queryable, transaction, transactionOf } from '@purser/database';

import { hashBytes, hashSecret, newSecret, shownPrefix } from './secret.ts';

export type KeyId = Id<'key'>;

/** A key as it is listed: enough to tell it from the others. */
export interface ApiKey {
  readonly id: KeyId;
  readonly kind: 'workspace' | 'platform';
  readonly workspace: WorkspaceId;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: Temporal.Instant;
  /** May lie ahead: until then it still opens. */
  readonly revoked_at: Temporal.Instant | null;
}

export interface CreatedKey {
  readonly key: ApiKey;
  /** Shown this once. */
  readonly secret: string;
}

const COLUMNS = 'key_id as id, kind, workspace_id as workspace, name, prefix, created_at, revoked_at';
/** One key more than anybody needs; a loop that makes keys meets it. */
const KEYS_MAX = 100;

export async function insertKey(
  tx: Queryable,
  wanted: { readonly kind: ApiKey['kind']; readonly workspace: WorkspaceId; readonly name: string; readonly now: string },
): Promise<CreatedKey> {
  const secret = newSecret(wanted.kind);
  const { rows } = await tx.query<ApiKey>(
    `insert into identity.api_key (workspace_id, key_id, kind, name, prefix, secret_sha256, created_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [wanted.workspace, newId<'key'>(), wanted.kind, wanted.name, shownPrefix(secret), hashBytes(hashSecret(secret)), wanted.now],
  );
  return { key: rows[0] as ApiKey, secret };
}

/** Another key for a workspace, or with `workspace` absent one of the platform's. Refuses `not_found` and `limit_reached`. */
export async function createKey(
  pool: Pool,
  wanted: { readonly workspace?: WorkspaceId; readonly name: string; readonly now: Temporal.Instant },
  inside?: Connection,
): Promise<CreatedKey | Refusal> {
  const workspace = wanted.workspace ?? PLATFORM;
  const create = async (connection: Connection): Promise<CreatedKey | Refusal> => {
    if (workspace !== PLATFORM) {
      const { rowCount } = await connection.query('select 1 from identity.workspace where workspace_id = $1 for update', [
        workspace,
      ]);
      if (rowCount === 0) return refuse('not_found', `there is no workspace ${workspace}`);
    }
    const { rows } = await connection.query<{ keys: bigint }>(
      'select count(*) as keys from identity.api_key where workspace_id = $1 and (revoked_at is null or revoked_at > $2)',
      [workspace, wanted.now.toString()],
    );
    if ((rows[0]?.keys ?? 0n) >= KEYS_MAX) return refuse('limit_reached', `there are ${KEYS_MAX} keys already; revoke one first`);
    const kind = workspace === PLATFORM ? 'platform' : 'workspace';
    return insertKey(connection, { kind, workspace, name: wanted.name, now: wanted.now.toString() });
  };
  return inside ? create(inside) : transactionOf(pool, workspace, create);
}

/** Read as the role that row-level security binds; the platform's keys belong to no tenant, and only an admin asks for them. */
export async function listKeys(pool: Pool, workspace: WorkspaceId): Promise<readonly ApiKey[]> {
  const read = (tx: Queryable) =>
    tx.query<ApiKey>(`select ${COLUMNS} from identity.api_key where workspace_id = $1 order by created_at, key_id`, [workspace]);
  const { rows } = await transactionOf(pool, workspace, read);
  return rows;
}

/** What has to be done in the same transaction as a revocation: its entry in the trail. */
export type AlsoRevoke = (connection: Connection, key: ApiKey) => Promise<void>;

/** Ends a key now, of one workspace alone when that is given. Refuses `not_found`, also for another's. */
export async function revokeOneKey(
  pool: Pool,
  id: string,
  now: Temporal.Instant,
  workspace: WorkspaceId | undefined,
  also: AlsoRevoke = async () => {},
): Promise<ApiKey | Refusal> {
  return transactionOf(pool, workspace ?? PLATFORM, async (connection) => {
    const revoked = await revokeKey(connection, id, now, workspace);
    if (!('refused' in revoked)) await also(connection, revoked);
    return revoked;
  });
}

/** Ends a key at `at`; an earlier end stands. Every server knows within a second. Refuses `not_found`. */
async function revokeKey(tx: Queryable, id: string, at: Temporal.Instant, workspace?: WorkspaceId): Promise<ApiKey | Refusal> {
  if (!isUuid(id)) return refuse('not_found', 'there is no such key');
  const { rows } = await tx.query<ApiKey>(
    `update identity.api_key set revoked_at = least(revoked_at, $2)
     where key_id = $1 and ($3::uuid is null or workspace_id = $3) returning ${COLUMNS}`,
    [id, at.toString(), workspace ?? null],
  );
  return rows[0] ?? refuse('not_found', 'there is no such key');
}

/** A new key in place of an old one, which still opens for `overlap`. Both or neither. Refuses `not_found`. */
export async function rotateKey(
  pool: Pool,
  id: string,
  now: Temporal.Instant,
  overlap: Temporal.Duration,
): Promise<CreatedKey | Refusal> {
  return transaction(pool, async (connection: Connection) => {
    const old = await revokeKey(connection, id, now.add(overlap));
    if ('refused' in old) return old;
    const { kind, workspace, name } = old;
    return insertKey(connection, { kind, workspace, name, now: now.toString() });
  });
}
