import { keepableText, type Pool, type Queryable, transaction } from '@purser/base';

import type { BreakerKey, BreakerRecord } from './breaker.ts';

type Change = (before: BreakerRecord | null) => BreakerRecord | null;

/** Where servers share their breakers. A change is one read and one write that nothing comes between. */
export interface BreakerStore {
  read(): Promise<readonly BreakerRecord[]>;
  change(key: BreakerKey, change: Change): Promise<BreakerRecord | null>;
}

/** A table has no null in its key. */
const ALL_MODELS = '*';
const ROWS_MAX = 10_000;
const COLUMNS = `provider, nullif(model, '${ALL_MODELS}') as model, state, reason, why, failures, openings,
  greatest(0, extract(epoch from until - clock_timestamp()) * 1000)::float8 as wait_ms, probe, caused_by as by`;

/** The waits run by the clock of the database, which all servers share. */
export function breakerStore(pool: Pool): BreakerStore {
  return {
    async read() {
      const { rows } = await pool.query<BreakerRecord>(
        `select ${COLUMNS} from routing.breaker where state <> 'none' limit ${ROWS_MAX}`,
      );
      return rows;
    },
    change: ({ provider, model }, change) =>
      transaction(pool, async (connection) => {
        const key = [provider, model ?? ALL_MODELS];
        await connection.query('insert into routing.breaker (provider, model) values ($1, $2) on conflict do nothing', key);
        const { rows } = await connection.query<BreakerRecord & { state: BreakerRecord['state'] | 'none' }>(
          `select ${COLUMNS} from routing.breaker where provider = $1 and model = $2 for update`,
          key,
        );
        const before = rows[0] === undefined || rows[0].state === ('none' as string) ? null : rows[0];
        const after = change(before);
        if (after === before) return after;
        await connection.query(
          `update routing.breaker set state = $3, reason = $4, why = $5, failures = $6, openings = $7,
             until = clock_timestamp() + make_interval(secs => $8::float8 / 1000), probe = $9, caused_by = $10, changed_at = now(),
             opened_at = case when $3 = 'open' and state in ('none', 'closed') then now() else opened_at end
           where provider = $1 and model = $2`,
          [
            ...key,
            after?.state ?? 'none',
            after?.reason ?? null,
            after === null ? null : keepableText(after.why),
            after?.failures ?? 0,
            after?.openings ?? 0,
            after?.wait_ms ?? 0,
            after?.probe ?? null,
            after?.by ?? null,
          ],
        );
        return after;
      }),
  };
}

/** The breakers of one process that shares them with nobody. */
export function localBreakerStore(now_ms: () => number = () => performance.now()): BreakerStore {
  const kept = new Map<string, { readonly record: BreakerRecord; readonly until_ms: number }>();
  const present = ({ record, until_ms }: { record: BreakerRecord; until_ms: number }): BreakerRecord => ({
    ...record,
    wait_ms: Math.max(0, until_ms - now_ms()),
  });
  return {
    read: async () => [...kept.values()].map(present),
    async change({ provider, model }, change) {
      const key = `${provider}/${model ?? ALL_MODELS}`;
      const found = kept.get(key);
      const after = change(found === undefined ? null : present(found));
      if (after === null) kept.delete(key);
      else kept.set(key, { record: after, until_ms: now_ms() + after.wait_ms });
      return after;
    },
  };
}

/** A route that opened, since it last served. */
export interface OpenedBreaker extends Pick<BreakerRecord, 'provider' | 'model' | 'reason' | 'why' | 'failures'> {
  readonly opened_at: Temporal.Instant;
}

/** What opened within the last hour and has not closed since, for whoever tells the operator. */
export async function openedLately(on: Queryable): Promise<readonly OpenedBreaker[]> {
  const { rows } = await on.query<OpenedBreaker>(
    `select provider, nullif(model, '${ALL_MODELS}') as model, reason, why, failures, opened_at from routing.breaker
     where state in ('open', 'half_open') and opened_at > now() - interval '1 hour' order by provider, model`,
  );
  return rows;
}
