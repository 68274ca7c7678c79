import { assert, isRefusal } from '@purser/core';

import type { Account } from '../engine.ts';
import { Random } from '../random.ts';
import { Schedule } from '../schedule.ts';
import { DAY_S, HOUR_S } from './calendar.ts';
import type { LivesEngine, OpenedCheckout } from './engine.ts';
import type { Played, Told } from './facts.ts';
import type { Life } from './life.ts';
import { type Books, type Broken, type JudgedTerms, judge, type Seen } from './oracle.ts';
import { beginsAt, endsAt, playLife } from './play-life.ts';
import type { PriceList } from './price-list.ts';
import { TOKEN_NANOS, TOKENS_MAX } from './lives-catalog.ts';

/** How far the clock is moved at a time. What Stripe says in between comes at the end of it. */
export const STEP_S = 6 * HOUR_S;
const STEPS_DAY = DAY_S / STEP_S;
/** So many lives are gone on with at once. */
const LANES = 24;
/** Who spends all it can asks again until it is refused, or so often. */
const CALLS_MAX = 6;
/** After the end of a life, so many steps until nothing of it can come late. */
const STEPS_AFTER = 16;

export interface Lived {
  readonly life: Life;
  readonly key: string;
  readonly played: Played;
  readonly seen: readonly Seen[];
  readonly books: Books | undefined;
  readonly broken: readonly Broken[];
}

export interface LivesOptions {
  readonly lives: readonly Life[];
  readonly prices: PriceList;
  readonly terms: JudgedTerms;
  /** Stands in the ids of everything. */
  readonly name: string;
  /** Where models are small it takes more calls to spend all there is. */
  readonly calls_max?: number;
  /** Replaces the engine: a server that was killed, or started with another catalog. Asked before each step. */
  readonly engineAt?: (step: number, engine: LivesEngine) => Promise<LivesEngine>;
}

interface Living {
  readonly life: Life;
  readonly key: string;
  readonly played: Played;
  readonly account: Account;
  readonly random: Random;
  readonly opened: OpenedCheckout[];
  readonly seen: Seen[];
  shown: number;
}

type Happening = { readonly living: Living } & (
  | { readonly is: 'checkout'; readonly plan: string }
  | { readonly is: 'told'; readonly told: Told }
  | { readonly is: 'spend'; readonly share: number }
);

/** Lives side by side on one engine, from where its clock stands; what came of each, judged. */
export async function liveTogether(first: LivesEngine, options: LivesOptions): Promise<Lived[]> {
  let engine = first;
  const base_s = Math.floor(engine.clock.now().epochMilliseconds / 1000);
  const livings = await beginLives(engine, options, base_s);
  const schedule = new Schedule<Happening>();
  let steps = 0;
  for (const living of livings) steps = Math.max(steps, plan(schedule, living, base_s));
  for (let step = 0; step <= steps; step++) {
    const due = schedule.take(step);
    if (due.length === 0 && step % STEPS_DAY !== 0) continue;
    engine = (await options.engineAt?.(step, engine)) ?? engine;
    engine.clock.moveTo(Temporal.Instant.fromEpochMilliseconds((base_s + step * STEP_S) * 1000));
    if (step % STEPS_DAY === 0) await engine.housekeep();
    await goOn(engine, due, base_s + step * STEP_S, options.calls_max);
  }
  await engine.housekeep();
  const books = await engine.books(livings.map(({ account }) => account.workspace));
  return livings.map((living) => {
    const { life, key, played, seen, account } = living;
    const own = books.get(account.workspace);
    return { life, key, played, seen, books: own, broken: judge(played.facts, seen, own, options.terms) };
  });
}

async function beginLives(engine: LivesEngine, { lives, prices, name }: LivesOptions, base_s: number): Promise<Living[]> {
  const anchored_at = engine.clock.now();
  const accounts = await engine.open(
    lives.map(({ age_days }, n) => ({
      name: `Life ${n}`,
      plan: 'FREE',
      timezone: 'UTC',
      anchored_at: anchored_at.subtract({ hours: 24 * age_days }),
    })),
  );
  return lives.map((life, n) => {
    const account = accounts[n];
    assert(account, 'every life has an account');
    const key = `${name}${n}`;
    return {
      life,
      key,
      played: playLife(life, prices, base_s, key),
      account,
      random: new Random(life.shuffle),
      opened: [],
      seen: [],
      shown: 0,
    };
  });
}

/** Writes down in which step everything of a life happens; gives the last. */
function plan(schedule: Schedule<Happening>, living: Living, base_s: number): number {
  const { life, played, random } = living;
  const stepOf = (at: number): number => Math.ceil((at - base_s) / STEP_S);
  const begins = stepOf(beginsAt(life, base_s));
  let last = stepOf(endsAt(life, base_s));
  for (const { at, plan: code } of played.checkouts) schedule.at(stepOf(at), { is: 'checkout', living, plan: code });
  const late = new Map(life.late);
  const doubled = new Map(life.doubled);
  const coming: { step: number; order: number; told: Told }[] = [];
  for (const [n, told] of played.told.entries()) {
    const step = stepOf(told.created) + (late.get(n) ?? 0);
    // An odd number shuffles what comes in one step.
    const order = (): number => (life.shuffle % 2 === 1 ? random.uniform() : n);
    coming.push({ step, order: order(), told });
    const again = doubled.get(n);
    if (again !== undefined) coming.push({ step: step + again, order: order(), told });
  }
  for (const { step, told } of coming.toSorted((one, other) => one.step - other.step || one.order - other.order)) {
    schedule.at(step, { is: 'told', living, told });
    last = Math.max(last, step);
  }
  for (const [step, share] of life.spends) {
    schedule.at(begins + step, { is: 'spend', living, share });
    last = Math.max(last, begins + step);
  }
  return last + STEPS_AFTER;
}

/** Everything of one step: first what is told, each life in its order; when that is known, what is spent. */
async function goOn(engine: LivesEngine, due: readonly Happening[], at: number, calls_max: number | undefined): Promise<void> {
  const first = Map.groupBy(
    due.filter(({ is }) => is !== 'spend'),
    ({ living }) => living,
  );
  await inLanes([...first], async ([living, happenings]) => {
    show(engine, living, at);
    const telling: Promise<void>[] = [];
    for (const happening of happenings) {
      if (happening.is === 'checkout') await checkout(engine, living, happening.plan);
      else if (happening.is === 'told') {
        telling.push(tell(engine, living, happening.told, at));
        if (!living.life.at_once) await telling.at(-1);
      }
    }
    await Promise.all(telling);
  });
  const spends = due.filter((one) => one.is === 'spend');
  if (spends.length === 0) return;
  await engine.known();
  await inLanes(spends, ({ living, share }) => spend(engine, living, { share, at, calls_max }));
}

/** What Stripe would answer by now when it is asked. */
function show(engine: LivesEngine, living: Living, at: number): void {
  const { life, played } = living;
  if (life.silent) return;
  const { shown } = played;
  for (let next = shown[living.shown]; next !== undefined && next.at <= at; next = shown[++living.shown]) {
    engine.show(JSON.parse(filled(living, next.object)) as { id: string; object: string });
  }
}

async function checkout(engine: LivesEngine, living: Living, plan_code: string): Promise<void> {
  const opened = await engine.checkout(living.account, plan_code);
  // Our side may not have heard of an end yet; then a page that was opened before is paid.
  if (!isRefusal(opened)) living.opened.push(opened);
  assert(living.opened.length > 0, 'a customer who never bought can buy');
}

async function tell(engine: LivesEngine, living: Living, { id, type, created, object }: Told, at: number): Promise<void> {
  const event = { id, object: 'event', api_version: '2026-10-28.endive', created, livemode: true, type, data: { object } };
  const outcome = await engine.deliver(filled(living, event));
  living.seen.push({ is: 'told', at, event: id, outcome });
}

function filled({ account, opened }: Living, object: unknown): string {
  const last = opened.at(-1);
  return JSON.stringify(object)
    .replaceAll('{{workspace}}', account.workspace)
    .replaceAll('{{customer}}', last?.customer ?? '')
    .replace(/\{\{(checkout|session):(\d+)\}\}/g, (_, what: string, n: string) => {
      const of = opened[Number(n)] ?? last;
      return (what === 'checkout' ? of?.checkout : of?.session) ?? '';
    });
}

/** Spends a part of a large sum, or, at a share of one, until it is refused. */
async function spend(
  engine: LivesEngine,
  living: Living,
  { share, at, calls_max }: { share: number; at: number; calls_max: number | undefined },
): Promise<void> {
  const all = share >= 1;
  for (let call = 0; call < (all ? (calls_max ?? CALLS_MAX) : 1); call++) {
    const answer = await engine.call(living.account, {
      operation: 'chat',
      complexity: 'simple',
      messages: [{ role: 'user', content: 'On.' }],
      output_tokens_max: all ? TOKENS_MAX : Math.ceil(share * (TOKENS_MAX / 50)),
    });
    const refused = isRefusal(answer) ? answer.code : undefined;
    const cost = isRefusal(answer) ? 0n : BigInt(answer.usage.output_tokens) * TOKEN_NANOS;
    living.seen.push({ is: 'called', at, cost, refused });
    // What was cut to what is left has taken it; every other life asks again all the same.
    const cut = calls_max === undefined && cost < TOKEN_NANOS * BigInt(TOKENS_MAX);
    if (refused !== undefined || (cut && living.life.shuffle % 2 === 0)) break;
  }
  if (all) living.seen.push({ is: 'spent_all', at });
}

async function inLanes<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let one = all[next++]; one !== undefined; one = all[next++]) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(LANES, all.length) }, lane));
}
