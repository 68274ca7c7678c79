import type { HoldId, WorkspaceId } from '@purser/core';
import { type Pool, type Queryable, workspaceTransaction } from '@purser/database';

import { Batcher, type BatcherOptions } from './batcher.ts';
import type { EndOutcome, EndRequest, HoldOutcome, HoldRequest, HoldState } from './hold.ts';
import { type MeterSpec, meterId, type MeterState } from './meter.ts';
import { keepLostSettle, type LostSettle, unresolvedSince } from './unresolved.ts';

const SWEEP_MAX = 512;
/** What a server of ours left unresolved counts against its workspace for so long: the time in which its own late word, or a provider's, may come. */
const COUNTED_HOURS = 72;

/** A hold, and what is kept under its idempotency key: the answer, and the credits that were left when it was settled. */
export interface FoundHold {
  readonly state: HoldState;
  readonly expires_at: Temporal.Instant;
  readonly answer: string | null;
  readonly balance: bigint | null;
}

/** The one door to the counters: holds and their ends in batches, the sweep, and what the counters say. */
export class Meters {
  readonly #batcher: Batcher;
  readonly #pool: Pool;
  readonly #clock: BatcherOptions['clock'];

  /** `options.pool` carries the batches alone (one connection is enough); `reads` serves everything else. */
  constructor(options: BatcherOptions, reads: Pool) {
    this.#batcher = new Batcher(options);
    this.#pool = reads;
    this.#clock = options.clock;
  }

  hold(request: HoldRequest): Promise<HoldOutcome> {
    return this.#batcher.hold(request);
  }

  /** `deferred`: nobody waits for the outcome, so it may gather others for a moment. */
  end(request: EndRequest, deferred = false): Promise<EndOutcome> {
    return this.#batcher.end(request, deferred);
  }

  /** Sends the ends that gather now, because somebody wants to read what they leave. */
  flush(): void {
    this.#batcher.flush();
  }

  get waiting(): number {
    return this.#batcher.waiting;
  }

  idle(): Promise<void> {
    return this.#batcher.idle();
  }

  /**
   * Ends holds whose time is over: credits and quotas go back, cost stays counted as unreconciled.
   * Also expires due grants, and no longer counts what our own servers left unresolved long ago. Returns how many holds and workspaces were
   * touched.
   */
  async sweep(): Promise<{ holds: number; grants: number }> {
    const now = this.#clock.now().toString();
    let holds = 0;
    for (;;) {
      const due = await this.#pool.query<{ id: HoldId; workspace_id: WorkspaceId }>(
        `select id, workspace_id from meters.hold
         where state = 'open' and expires_at <= $1 and expires_at > coalesce((select swept_to from meters.sweep where swept_to <= $1), '-infinity')
         limit ${SWEEP_MAX}`,
        [now],
      );
      await Promise.all(due.rows.map((row) => this.end({ kind: 'unresolved', hold: row.id, workspace: row.workspace_id })));
      holds += due.rows.length;
      if (due.rows.length < SWEEP_MAX) break;
    }
    await this.#pool.query('select meters.mark_swept($1)', [now]);
    await this.#pool.query('select meters.stop_counting_unresolved($1, $2, $3)', [
      now,
      this.#clock.now().subtract({ hours: COUNTED_HOURS }).toString(),
      SWEEP_MAX,
    ]);
    const { rows } = await this.#pool.query<{ n: number }>('select meters.expire_grants($1, 1000) as n', [now]);
    return { holds, grants: rows[0]?.n ?? 0 };
  }

  /**
   * Gives back at once what workspaces hold, as unresolved: any of their calls may be with a provider by now, so the cost stays counted
   * until word comes, and the customer is charged nothing. A call that is not voids its hold, and its cost is free again.
   * Reads the holds that can be open by now, once for all workspaces. Returns how many there were.
   */
  async release(workspaces: readonly WorkspaceId[]): Promise<number> {
    const { rows } = await this.#pool.query<{ id: HoldId; workspace_id: WorkspaceId }>(
      `select id, workspace_id from meters.hold where state = 'open' and workspace_id = any($1::uuid[]) and expires_at > $2`,
      [workspaces, this.#clock.now().toString()],
    );
    await Promise.all(rows.map(({ id, workspace_id }) => this.end({ kind: 'unresolved', hold: id, workspace: workspace_id })));
    return rows.length;
  }

  /** The meters as they stand; those that nothing was ever held on are empty, under the cap the policy gives. */
  async read(specs: readonly MeterSpec[]): Promise<MeterState[]> {
    return readStates(this.#pool, specs);
  }

  /** The same for meters of one workspace, as the role that row-level security binds: those of others are empty to it. */
  readOwn(workspace: WorkspaceId, specs: readonly MeterSpec[]): Promise<MeterState[]> {
    return workspaceTransaction(this.#pool, workspace, (connection) => readStates(connection, specs));
  }

  /** How a hold stands, and what is kept under its idempotency key. Null when there is no such hold. */
  async find(hold: HoldId): Promise<FoundHold | null> {
    const { rows } = await this.#pool.query<FoundHold>(
      `select h.state, h.expires_at, i.answer, i.balance
       from meters.hold h left join meters.idempotency i on i.hold_id = h.id where h.id = $1`,
      [hold],
    );
    return rows[0] ?? null;
  }

  /** Frees the idempotency key of a hold that was settled without an answer. */
  async giveBackKey(hold: HoldId): Promise<void> {
    await this.#pool.query('delete from meters.idempotency where hold_id = $1 and answer is null', [hold]);
  }

  /** Books a settlement whose hold the database does not know as unresolved, once. False: the hold is there after all. */
  keepLost(lost: LostSettle): Promise<boolean> {
    return keepLostSettle(this.#pool, this.#clock.now(), lost);
  }

  /** What each provider may have billed since then and nobody knows, in the currencies it bills in. */
  unresolvedSince(since: Temporal.Instant): Promise<{ provider: string; unit: string; cost: bigint }[]> {
    return unresolvedSince(this.#pool, since);
  }
}

async function readStates(tx: Queryable, specs: readonly MeterSpec[]): Promise<MeterState[]> {
  const { rows } = await tx.query<MeterState>(
    'select id, cap, held, used, unreconciled, overrun from meters.counter where id = any($1::uuid[])',
    [specs.map(meterId)],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return specs.map((spec) => {
    const id = meterId(spec);
    const row = byId.get(id);
    return {
      ...spec,
      id,
      cap: spec.cap ?? row?.cap ?? 0n,
      held: row?.held ?? 0n,
      used: row?.used ?? 0n,
      unreconciled: row?.unreconciled ?? 0n,
      overrun: row?.overrun ?? 0n,
    };
  });
}
