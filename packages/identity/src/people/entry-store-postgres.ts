import { type Clock, databaseFault, type Pool, repeat } from '@purser/base';

import type { EntryStore } from './entry-store.ts';

const SWEEP_EVERY_MS = 600_000;

/** Entries in Postgres, for an installation without Redis: they outlive the process and are the same on every server. */
export class PostgresEntries implements EntryStore {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #sweep: { stop(): Promise<void> };

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
    // What is over is not found any more; that it is also gone can wait, and a sweep that fails is followed by another.
    this.#sweep = repeat(
      SWEEP_EVERY_MS,
      () => this.#pool.query('delete from identity.sealed_entry where expires_at <= $1', [this.#now()]),
      () => {},
    );
  }

  get(name: Buffer): Promise<Buffer | undefined> {
    return this.#read('select sealed from identity.sealed_entry where name = $1 and expires_at > $2', name);
  }

  take(name: Buffer): Promise<Buffer | undefined> {
    return this.#read('delete from identity.sealed_entry where name = $1 and expires_at > $2 returning sealed', name);
  }

  async put(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void> {
    await this.#pool
      .query(
        `insert into identity.sealed_entry (name, sealed, expires_at) values ($1, $2, $3)
         on conflict (name) do update set sealed = excluded.sealed, expires_at = excluded.expires_at`,
        [name, entry, this.#in(lifetime_ms)],
      )
      .catch(throwFault);
  }

  async replace(name: Buffer, entry: Buffer, lifetime_ms: number): Promise<void> {
    await this.#pool
      .query('update identity.sealed_entry set sealed = $2, expires_at = $3 where name = $1', [
        name,
        entry,
        this.#in(lifetime_ms),
      ])
      .catch(throwFault);
  }

  async remove(name: Buffer): Promise<void> {
    await this.#pool.query('delete from identity.sealed_entry where name = $1', [name]).catch(throwFault);
  }

  close(): Promise<void> {
    return this.#sweep.stop();
  }

  async #read(sql: string, name: Buffer): Promise<Buffer | undefined> {
    const { rows } = await this.#pool.query<{ sealed: Buffer }>(sql, [name, this.#now()]).catch(throwFault);
    return rows[0]?.sealed;
  }

  #in(lifetime_ms: number): string {
    return this.#clock
      .now()
      .add({ milliseconds: Math.ceil(lifetime_ms) })
      .toString();
  }

  #now(): string {
    return this.#clock.now().toString();
  }
}

function throwFault(error: unknown): never {
  throw databaseFault(error);
}
