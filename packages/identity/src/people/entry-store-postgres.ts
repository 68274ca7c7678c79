import { DataLoader, type Clock } from '@purser/core';
import { databaseFault, type Pool } from '@purser/database';

import type { EntryStore, FoundEntry } from './entry-store.ts';

/** Longer than anything that writes a session can be under way. */
const ENDED_KEPT_MS = 900_000;

/**
 * The truth about sessions and links: what is written here is written, and outlives the process, Redis and any server.
 * What is over is not found any more; it is deleted with everything else that has had its time.
 */
export class PostgresEntries implements EntryStore {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #loader: DataLoader<FoundEntry>;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
    // A flood of unknown tokens costs the database one query at a time.
    this.#loader = new DataLoader((names) => this.#load(names));
  }

  async get(name: Buffer): Promise<Buffer | undefined> {
    return (await this.find(name))?.sealed;
  }

  /** What was there after this was called, or later. */
  find(name: Buffer): Promise<FoundEntry | undefined> {
    return this.#loader.load(name.toString('latin1'));
  }

  async take(name: Buffer): Promise<Buffer | undefined> {
    const { rows } = await this.#pool
      .query<{ sealed: Buffer }>(
        `delete from identity.sealed_entry where name = $1 and expires_at > $2 and sealed <> '' returning sealed`,
        [name, this.#in(0)],
      )
      .catch(throwFault);
    return rows[0]?.sealed;
  }

  async put(name: Buffer, entry: Buffer, lifetime_ms: number, about: readonly Buffer[] = []): Promise<void> {
    await this.#pool
      .query(
        `insert into identity.sealed_entry as e (name, sealed, expires_at, about) values ($1, $2, $3, $4)
         on conflict (name) do update set sealed = excluded.sealed, expires_at = excluded.expires_at where e.sealed <> ''`,
        [name, entry, this.#in(lifetime_ms), about],
      )
      .catch(throwFault);
  }

  async replace(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void> {
    await this.#pool
      .query(`update identity.sealed_entry set sealed = $2, expires_at = $3 where name = $1 and sealed <> ''`, [
        name,
        entry,
        this.#in(lifetime_ms),
      ])
      .catch(throwFault);
  }

  async remove(name: Buffer): Promise<void> {
    await this.#pool.query('delete from identity.sealed_entry where name = $1', [name]).catch(throwFault);
  }

  async end(name: Buffer): Promise<void> {
    await this.#pool
      .query(`update identity.sealed_entry set sealed = '', expires_at = $2, about = '{}' where name = $1`, [
        name,
        this.#in(ENDED_KEPT_MS),
      ])
      .catch(throwFault);
  }

  async endAbout(about: Buffer): Promise<void> {
    await this.endNamesAbout(about);
  }

  /** Returns the names of what was ended. */
  async endNamesAbout(about: Buffer): Promise<readonly Buffer[]> {
    const { rows } = await this.#pool
      .query<{ name: Buffer }>(
        `update identity.sealed_entry set sealed = '', expires_at = $2, about = '{}' where about @> array[$1::bytea] and about <> '{}' returning name`,
        [about, this.#in(ENDED_KEPT_MS)],
      )
      .catch(throwFault);
    return rows.map(({ name }) => name);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #load(names: readonly string[]): Promise<ReadonlyMap<string, FoundEntry>> {
    const { rows } = await this.#pool
      .query<FoundEntry & { name: Buffer; expires_at: Temporal.Instant }>(
        `select name, sealed, expires_at from identity.sealed_entry where name = any($1::bytea[]) and expires_at > $2 and sealed <> ''`,
        [names.map((name) => Buffer.from(name, 'latin1')), this.#in(0)],
      )
      .catch(throwFault);
    return new Map(
      rows.map(({ name, sealed, expires_at }) => [name.toString('latin1'), { sealed, expires_ms: expires_at.epochMilliseconds }]),
    );
  }

  #in(lifetime_ms: number): string {
    return this.#clock
      .now()
      .add({ milliseconds: Math.ceil(lifetime_ms) })
      .toString();
  }
}

function throwFault(error: unknown): never {
  throw databaseFault(error);
}
