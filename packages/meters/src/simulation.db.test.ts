import { PLATFORM, type WorkspaceId } from '@purser/core';
import { checkSize } from '@purser/core/testing';
import { newId, transaction } from '@purser/database';
import { ledgerTotals, verifyPostings } from '@purser/ledger';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { creditMeter, type GrantSource, grantCredits, type NewGrant } from './credits.ts';
import type { EndOutcome, EndRequest, HoldOutcome, HoldRequest } from './hold.ts';
import { type MeterClass, meterId, type MeterSpec } from './meter.ts';
import type { Meters } from './meters.ts';
import { type AskEnd, type AskHold, ReferenceModel } from './reference-model.ts';
import { START, type Step, step, type WishEnd, type Wishes, type WishHold } from './simulation-steps.ts';
import { meter, type MeterBench, openMeterBench } from './testing.ts';
import { verifyMeters } from './verify.ts';

let bench: MeterBench;
let processes: readonly [Meters, Meters];
beforeAll(async () => {
  bench = await openMeterBench();
  processes = [bench.meters, bench.another()];
});
afterAll(() => bench.close());

const PRIORITY: Partial<Record<GrantSource, number>> = { gift: 10, monthly: 20, purchased: 30 };

/** Two workspaces and a pool they share, in Postgres and in the model. */
class World {
  readonly workspaces: readonly WorkspaceId[] = [newId<'workspace'>(), newId<'workspace'>()];
  readonly #pool = `pool-${newId()}`;
  readonly #caps = new Map<string, bigint>();
  readonly #asked: HoldRequest[] = [];
  readonly #grants: Omit<NewGrant, 'reason'>[] = [];
  /** Every hold that was let in under a key. */
  readonly admittedUnder = new Map<string, Set<string>>();
  model = new ReferenceModel(
    (workspace) => meterId(creditMeter(workspace as WorkspaceId)),
    (workspace) => meterId(this.#spec(workspace as WorkspaceId, 'cost')),
  );

  #spec(workspace: WorkspaceId, name: string): MeterSpec {
    const kinds: Record<string, MeterClass> = { cost: 'cost', tokens: 'quota', concurrency: 'gauge', exposure: 'gauge' };
    const cap =
      this.#caps.get(`${workspace} ${name}`) ?? { cost: 300n, exposure: 330n, tokens: 250n, concurrency: 6n }[name] ?? 0n;
    if (name === 'credits') return creditMeter(workspace);
    if (name === 'pool') return meter(PLATFORM, this.#pool, this.#caps.get('pool') ?? 400n, 'cost', 'USD');
    return meter(workspace, name, cap, kinds[name], name === 'cost' || name === 'exposure' ? 'USD' : name);
  }

  readonly #now = (): number => bench.clock.now().epochMilliseconds;
  readonly #workspace = (place: number): WorkspaceId => this.workspaces[place % this.workspaces.length] as WorkspaceId;

  #request(wish: WishHold): HoldRequest {
    const workspace = this.#workspace(wish.workspace);
    const cost = { amount: BigInt(wish.cost), unit: 'USD' };
    const amounts: [string, number][] = [
      ['tokens', wish.tokens],
      ['credits', wish.credits],
      ['cost', wish.cost],
      ['exposure', wish.exposure],
      ['concurrency', 1],
      ['pool', wish.cost],
    ];
    const request: HoldRequest = {
      id: newId<'hold'>(),
      workspace,
      expires_at: bench.clock.now().add({ seconds: wish.ttl_s }),
      legs: amounts.map(([name, amount]) => ({
        meter: this.#spec(workspace, name),
        amount: BigInt(amount),
        ...(name === 'exposure' && { exposure: true }),
      })),
      plan: 'PRO',
      provider: 'acme',
      cost,
      reported: cost,
      ...(wish.key === null ? {} : { idempotency: { key: `key-${wish.key}`, request_hash: `hash-${wish.hash}` } }),
    };
    this.#asked.push(request);
    return request;
  }

  /** Of the last forty holds asked for, whatever became of them. */
  #ending(wish: WishEnd): EndRequest | undefined {
    const target = this.#asked.at(-1 - (wish.hold % Math.min(40, Math.max(1, this.#asked.length))));
    if (target === undefined) return undefined;
    const common = { hold: target.id, workspace: target.workspace };
    if (wish.kind !== 'settle') return { kind: wish.kind, ...common };
    const actuals = target.legs.map(({ amount }) => (amount * BigInt(wish.percent)) / 100n);
    const cost = actuals[2] ?? 0n;
    return { kind: 'settle', ...common, actuals, cost, reported: cost, provider: 'acme' };
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'batch':
        await this.#race([[next.process, next.wishes]]);
        return;
      case 'race':
        await this.#race(next.wishes.map((each, process) => [process, each]));
        return;
      case 'grant': {
        const grant = {
          id: newId<'grant'>(),
          workspace: this.#workspace(next.workspace),
          source: next.source,
          credits: BigInt(next.credits),
          expires_at: next.ttl_s === null ? null : bench.clock.now().add({ seconds: next.ttl_s }),
        };
        this.#grants.push(grant);
        await this.#grant(grant, true);
        return;
      }
      case 'grant again': {
        const grant = this.#grants.at(next.grant % Math.max(1, this.#grants.length));
        if (grant) await this.#grant(grant, false);
        return;
      }
      case 'cap':
        this.#caps.set(next.meter === 'pool' ? 'pool' : `${this.#workspace(next.workspace)} ${next.meter}`, BigInt(next.cap));
        return;
      case 'pass':
        bench.clock.advance({ seconds: next.seconds });
        return;
      case 'sweep':
        await this.sweep(next.process);
        return;
    }
  }

  async #grant(grant: Omit<NewGrant, 'reason'>, isNew: boolean): Promise<void> {
    const granted = await grantCredits(bench.database.pool, bench.clock.now(), { ...grant, reason: 'simulated' });
    expect(granted).toBe(isNew);
    const { id, workspace, source, credits, expires_at } = grant;
    const expires_ms = expires_at?.epochMilliseconds ?? null;
    if (isNew) this.model.grant(this.#now(), { id, workspace, amount: credits, expires_ms, priority: PRIORITY[source] ?? 0 });
  }

  async sweep(process: number): Promise<void> {
    await processes[process % 2]?.sweep();
    const ends = this.model
      .due(this.#now())
      .map(({ id, workspace }): AskEnd => ({ hold: id, workspace, kind: 'unresolved', actuals: [] }));
    this.model.apply(this.#now(), ends, []);
    this.model.expireGrants(this.#now());
    await this.compare([this.model]);
  }

  /** The batches of one or two processes at once; what comes out must be what one order of them gives. */
  async #race(batches: readonly (readonly [process: number, Wishes])[]): Promise<void> {
    const asked = batches.map(([process, { holds, ends }]) => {
      const seen = new Set<string>();
      return {
        meters: processes[process % 2] as Meters,
        // Within one batch the first end of a hold counts; the second is tried on its own elsewhere.
        ends: ends
          .map((wish) => this.#ending(wish))
          .filter((one) => one !== undefined && !seen.has(one.hold) && seen.add(one.hold)) as EndRequest[],
        holds: holds.map((wish) => this.#request(wish)),
      };
    });
    const answers = await Promise.all(
      asked.map(async ({ meters, ends, holds }) => {
        const ended = Promise.all(ends.map((one) => meters.end(one)));
        const held = await Promise.all(holds.map((one) => meters.hold(one)));
        return { ends: (await ended).map(wordOfEnd), holds: held.map((outcome) => wordOf(outcome)) };
      }),
    );
    this.#remember(
      asked.flatMap(({ holds }) => holds),
      answers.flatMap(({ holds }) => holds),
    );

    const orders =
      asked.length === 2
        ? [
            [0, 1],
            [1, 0],
          ]
        : [[0]];
    const possible = orders.flatMap((order) => {
      const model = this.model.clone();
      const predicted: unknown[] = [];
      for (const place of order) {
        const batch = asked[place];
        if (batch) predicted[place] = model.apply(this.#now(), batch.ends.map(askEnd), batch.holds.map(askHold));
      }
      return { model, predicted };
    });
    const matching = possible.filter(({ predicted }) => JSON.stringify(predicted) === JSON.stringify(answers));
    if (matching.length === 0) expect(answers).toEqual(possible[0]?.predicted);
    await this.compare(matching.map(({ model }) => model));
  }

  #remember(holds: readonly HoldRequest[], words: readonly string[]): void {
    for (const [index, { id, workspace, idempotency }] of holds.entries()) {
      if (words[index] !== 'held' || idempotency === undefined) continue;
      const name = `${workspace} ${idempotency.key}`;
      this.admittedUnder.set(name, (this.admittedUnder.get(name) ?? new Set()).add(id));
    }
  }

  /** The rows of Postgres are those of one of the models, which is the model from here on. */
  async compare(models: readonly ReferenceModel[]): Promise<void> {
    const rows = await rowsOf([...this.workspaces, PLATFORM], [...(models[0]?.meters.keys() ?? [])]);
    const fitting = models.find((model) => JSON.stringify(rowsOfModel(model)) === JSON.stringify(rows));
    if (fitting === undefined) expect(rows).toEqual(models[0] && rowsOfModel(models[0]));
    else this.model = fitting;
  }
}

const wordOf = (outcome: HoldOutcome): string => {
  if (outcome.kind === 'denied') return `denied ${outcome.leg} ${outcome.available}`;
  return outcome.kind === 'replay' ? `replay ${outcome.hold}` : outcome.kind;
};
const wordOfEnd = ({ before }: EndOutcome): string => before;
const askEnd = (one: EndRequest): AskEnd => ({
  hold: one.hold,
  workspace: one.workspace,
  kind: one.kind,
  actuals: one.kind === 'settle' ? one.actuals : [],
});
const askHold = ({ id, workspace, expires_at, legs, idempotency }: HoldRequest): AskHold => ({
  id,
  workspace,
  expires_ms: expires_at.epochMilliseconds,
  legs: legs.map(({ meter: spec, amount, exposure = false }) => ({
    meter: meterId(spec),
    kind: spec.class,
    amount,
    cap: spec.cap,
    exposure,
  })),
  key: idempotency ? { name: idempotency.key, hash: idempotency.request_hash } : null,
});

type Rows = Record<'meters' | 'grants' | 'holds' | 'keys', Record<string, string>>;

async function rowsOf(workspaces: readonly string[], meters: readonly string[]): Promise<Rows> {
  const { pool } = bench.database;
  const read = async (sql: string, ids: readonly string[]): Promise<Record<string, string>> => {
    const { rows } = await pool.query<{ id: string; row: string }>(sql, [ids]);
    return Object.fromEntries(rows.map(({ id, row }) => [id, row]));
  };
  const [meterRows, grants, holds, keys] = await Promise.all([
    read(
      `select id, format('cap %s held %s used %s unresolved %s over %s', cap, held, used, unreconciled, overrun) as row
          from meters.counter where id = any($1::uuid[]) order by id`,
      meters,
    ),
    read(
      `select id, format('held %s used %s expired %s', held, used, expired) as row
          from meters.grant where workspace_id = any($1::uuid[]) order by id`,
      workspaces,
    ),
    read(
      `select id, format('%s %s %s', state, actuals::text, array_to_string(grants, ',') || ' ' || grant_amounts::text) as row
          from meters.hold where workspace_id = any($1::uuid[]) order by id`,
      workspaces,
    ),
    read(
      `select workspace_id || ' ' || key as id, request_hash || ' ' || hold_id as row
          from meters.idempotency where workspace_id = any($1::uuid[]) order by 1`,
      workspaces,
    ),
  ]);
  return { meters: meterRows, grants, holds, keys };
}

function rowsOfModel(model: ReferenceModel): Rows {
  const sorted = <T>(of: ReadonlyMap<string, T>, row: (value: T) => string): Record<string, string> =>
    Object.fromEntries([...of].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, value]) => [id, row(value)]));
  return {
    meters: sorted(
      model.meters,
      (m) => `cap ${m.cap} held ${m.held} used ${m.used} unresolved ${m.unreconciled} over ${m.overrun}`,
    ),
    grants: sorted(model.grants, (g) => `held ${g.held} used ${g.used} expired ${g.expired}`),
    holds: sorted(model.holds, (h) => {
      const draws = `${h.draws.map(({ grant }) => grant).join(',')} {${h.draws.map(({ amount }) => amount).join(',')}}`;
      return `${h.state} {${h.actuals.join(',')}} ${draws}`;
    }),
    keys: sorted(model.keys, ({ hash, hold: of }) => `${hash} ${of}`),
  };
}

async function totalsOf(workspaces: ReadonlySet<string>): Promise<Map<string, bigint[]>> {
  return transaction(bench.database.pool, async (connection) => {
    const found = new Map<string, bigint[]>();
    for await (const total of ledgerTotals(connection)) {
      if (!workspaces.has(total.workspace)) continue;
      const { granted, spent, expired, cost, overrun, unreconciled } = total;
      const before = found.get(total.workspace) ?? [0n, 0n, 0n, 0n, 0n, 0n];
      found.set(
        total.workspace,
        [granted, spent, expired, cost, overrun, unreconciled].map((value, place) => value + (before[place] ?? 0n)),
      );
    }
    return found;
  });
}

test('F1, C3: whatever callers, clocks, crashes and prices do on two servers, the rows are those of the plain model, and the books give the counters', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 45 }), async (steps) => {
      const world = new World();
      for (const one of [...START, ...steps]) await world.take(one);

      // What is still open runs out: nothing stays held, and only what is unresolved is left of it.
      bench.clock.advance({ hours: 2 });
      await world.sweep(0);
      for (const { held } of world.model.meters.values()) expect(held).toBe(0n);
      expect(await verifyMeters(bench.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });

      const totals = await totalsOf(new Set(world.workspaces));
      for (const [workspace, { granted, spent, lapsed, cost, overrun, unreconciled }] of world.model.books) {
        expect(totals.get(workspace) ?? [0n, 0n, 0n, 0n, 0n, 0n]).toEqual([granted, spent, lapsed, cost, overrun, unreconciled]);
      }
      for (const holds of world.admittedUnder.values()) {
        expect([...holds].filter((id) => world.model.holds.get(id)?.state === 'settled').length).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: checkSize({ quick: 40, extended: 300 }) },
  );
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
}, 600_000);
