import type { CommandContext } from '@purser/module';
import { Fault, type HoldId, isRefusal } from '@purser/core';
import { currency, formatMoney, money } from '@purser/money';
import { listUnresolved } from '../resolve-unresolved.ts';
import { resolveCalls } from '../resolve-unresolved.ts';

export interface UnresolvedOptions {
  readonly provider?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface ResolveOptions extends UnresolvedOptions {
  readonly transaction?: string[];
  readonly cost?: string;
  readonly reason: string;
}

const SHOWN_MAX = 1_000;

/** Prints the calls whose cost is unknown: a provider may have billed them, the oldest first. */
export async function showUnresolved(context: CommandContext, options: UnresolvedOptions): Promise<void> {
  const pool = await context.database();
  const rows = await listUnresolved(pool, { ...spanOf(options), limit: SHOWN_MAX });
  for (const { hold_id, since, provider, model, cause, counted, cost, cost_unit } of rows) {
    const most = formatMoney(money(cost, currency(cost_unit)));
    context.print(
      `${hold_id}  ${since.toString()}  ${provider} ${model ?? '–'}  ${cause}  up to ${most}${counted ? '  counted' : ''}`,
    );
  }
  context.print(
    rows.length === SHOWN_MAX
      ? `the first ${SHOWN_MAX}; narrow them by --provider, --from and --to`
      : `${rows.length} unresolved`,
  );
}

/** Resolves them by word: `billed` or `not-billed`. */
export async function resolve(context: CommandContext, verdict: string, options: ResolveOptions): Promise<void> {
  if (verdict !== 'billed' && verdict !== 'not-billed') throw wrong(`want billed or not-billed, got ${verdict}`);
  if (options.transaction === undefined && options.provider === undefined) throw wrong('want --transaction, or --provider');
  const [amount, unit] = options.cost?.split(' ') ?? [];
  if (options.cost !== undefined && (amount === undefined || unit === undefined)) {
    throw wrong(`--cost: want an amount and a currency such as "0.0125 USD", got ${options.cost}`);
  }
  const pool = await context.database();
  const done = await resolveCalls(
    pool,
    context.clock.now(),
    { ...spanOf(options), ...(options.transaction && { holds: options.transaction as HoldId[] }) },
    {
      verdict: verdict === 'billed' ? 'billed' : 'not_billed',
      reason: options.reason,
      actor: 'cli',
      ...(amount !== undefined && unit !== undefined && { cost: { amount, currency: unit } }),
    },
  );
  if (isRefusal(done)) throw wrong(done.detail);
  if (done.resolved === 0)
    return context.print('resolved 0: none of the calls you named is unresolved (`purser unresolved list` lists those that are)');
  context.print(`resolved ${done.resolved}: ${done.amounts.map((most) => formatMoney(most)).join(', ')}`);
}

function spanOf({ provider, from, to }: UnresolvedOptions) {
  return {
    ...(provider !== undefined && { provider }),
    ...(from !== undefined && { from: instantOf('--from', from) }),
    ...(to !== undefined && { to: instantOf('--to', to) }),
  };
}

function instantOf(name: string, text: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  } catch {
    throw wrong(`${name}: want a time such as 2026-11-01T00:00:00Z or a date, got ${text}`);
  }
}

function wrong(message: string): Fault {
  return new Fault(message, { retryable: false });
}
