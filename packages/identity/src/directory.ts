import { DataLoader, LruCache } from '@purser/core';
import { databaseFault, NoticeListener, type Pool } from '@purser/database';

import { type Change, CHANNEL, parseChange } from './changes.ts';
import { hashBytes, hashFromHex, type SecretHash } from './secret.ts';
import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

/** A key as authentication needs it. */
export interface KeyRecord {
  readonly kind: 'workspace' | 'platform';
  readonly workspace_id: string;
  readonly prefix: string;
  readonly revoked_at: Temporal.Instant | null;
}

interface Cached<Value> {
  readonly value: Value;
  readonly loaded_ms: number;
}

const WORKSPACES_MAX = 50_000;
const KEYS_MAX = 50_000;
const UNKNOWN_KEYS_MAX = 4_096;

/**
 * Workspaces and keys, kept in memory. A change anywhere is seen here within a second: Postgres tells of it, and a listener that
 * hears nothing at all is not trusted for longer than that.
 */
export class Directory {
  readonly #workspaces = new LruCache<string, Cached<Workspace>>(WORKSPACES_MAX);
  readonly #ids = new LruCache<string, string>(WORKSPACES_MAX);
  readonly #keys = new LruCache<SecretHash, Cached<KeyRecord>>(KEYS_MAX);
  readonly #unknownKeys = new LruCache<SecretHash, Cached<true>>(UNKNOWN_KEYS_MAX);
  readonly #pool: Pool;
  readonly #changes: NoticeListener;
  readonly #byId: DataLoader<Workspace>;
  readonly #byExternalId: DataLoader<Workspace>;
  readonly #byHash: DataLoader<KeyRecord>;
  readonly #watching: ((workspace: string | undefined) => void)[] = [];
  /** Grows with every change heard: what was being read meanwhile may be older than the change, and is not kept. */
  #heard = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#changes = new NoticeListener(
      pool,
      CHANNEL,
      (payload) => {
        const change = parseChange(payload);
        if (change) this.forget(change);
      },
      () => this.#forgetAll(),
    );
    this.#byId = new DataLoader((ids) =>
      this.#loadWorkspaces('workspace_id = any($1::uuid[])', ids, (workspace) => workspace.id),
    );
    this.#byExternalId = new DataLoader((ids) =>
      this.#loadWorkspaces('external_id = any($1::text[])', ids, (workspace) => workspace.external_id ?? ''),
    );
    this.#byHash = new DataLoader((hashes) => this.#loadKeys(hashes));
  }

  start(): Promise<void> {
    return this.#changes.start();
  }

  /** Hears of every workspace that changed, here or on another server; undefined: of any, for nothing could be heard meanwhile. */
  watch(watcher: (workspace: string | undefined) => void): void {
    this.#watching.push(watcher);
  }

  /** At once when cached. Undefined: there is none. */
  workspace(id: string): Workspace | undefined | Promise<Workspace | undefined> {
    const cached = this.#workspaces.get(id);
    return cached && this.#isFresh(cached) ? cached.value : this.#byId.load(id);
  }

  workspaceByExternalId(external_id: string): Workspace | undefined | Promise<Workspace | undefined> {
    const id = this.#ids.get(external_id);
    const cached = id === undefined ? undefined : this.#workspaces.get(id);
    if (cached && this.#isFresh(cached) && cached.value.external_id === external_id) return cached.value;
    return this.#byExternalId.load(external_id);
  }

  key(hashed: SecretHash): KeyRecord | undefined | Promise<KeyRecord | undefined> {
    const cached = this.#keys.get(hashed);
    if (cached && this.#isFresh(cached)) return cached.value;
    const unknown = this.#unknownKeys.get(hashed);
    if (unknown && this.#isFresh(unknown)) return undefined;
    return this.#byHash.load(hashed);
  }

  /** Called for what Postgres tells, and at once for what this process changes itself. */
  forget(change: Change): void {
    this.#heard += 1;
    if (change.of === 'key') {
      this.#keys.delete(hashFromHex(change.sha256_hex));
      return;
    }
    this.#workspaces.delete(change.id);
    this.#tell(change.id);
  }

  /** A key was revoked here; which hash it has is not at hand, and revoking is rare. */
  forgetKeys(): void {
    this.#heard += 1;
    this.#keys.clear();
  }

  #forgetAll(): void {
    this.#heard += 1;
    this.#workspaces.clear();
    this.#keys.clear();
    this.#unknownKeys.clear();
    this.#tell(undefined);
  }

  #tell(workspace: string | undefined): void {
    for (const watcher of this.#watching) watcher(workspace);
  }

  #isFresh({ loaded_ms }: Cached<unknown>): boolean {
    return this.#changes.isFresh(loaded_ms, performance.now());
  }

  async #loadWorkspaces(
    where: string,
    names: readonly string[],
    nameOf: (workspace: Workspace) => string,
  ): Promise<ReadonlyMap<string, Workspace>> {
    const heard = this.#heard;
    const loaded_ms = performance.now();
    const { rows } = await this.#pool
      .query<WorkspaceRow>(`select ${WORKSPACE_COLUMNS}, erased_at from identity.workspace where ${where}`, [names])
      .catch(throwFault);
    const found = new Map<string, Workspace>();
    for (const row of rows) {
      const workspace = workspaceFromRow(row);
      found.set(nameOf(workspace), workspace);
      if (heard === this.#heard) this.#keep(workspace, loaded_ms);
    }
    return found;
  }

  #keep(workspace: Workspace, loaded_ms: number): void {
    this.#workspaces.set(workspace.id, { value: workspace, loaded_ms });
    if (workspace.external_id !== null) this.#ids.set(workspace.external_id, workspace.id);
  }

  async #loadKeys(hashes: readonly string[]): Promise<ReadonlyMap<string, KeyRecord>> {
    const heard = this.#heard;
    const loaded_ms = performance.now();
    const { rows } = await this.#pool
      .query<KeyRecord & { secret_sha256: Buffer }>(
        'select kind, workspace_id, prefix, revoked_at, secret_sha256 from identity.api_key where secret_sha256 = any($1::bytea[])',
        [hashes.map((hashed) => hashBytes(hashed as SecretHash))],
      )
      .catch(throwFault);
    const found = new Map<string, KeyRecord>();
    for (const { secret_sha256, ...record } of rows) found.set(secret_sha256.toString('latin1'), Object.freeze(record));
    for (const hashed of hashes as readonly SecretHash[]) {
      const value = found.get(hashed);
      if (heard !== this.#heard) continue;
      if (value) this.#keys.set(hashed, { value, loaded_ms });
      else this.#unknownKeys.set(hashed, { value: true, loaded_ms });
    }
    return found;
  }

  close(): Promise<void> {
    return this.#changes.close();
  }
}

function throwFault(error: unknown): never {
  throw databaseFault(error);
}
