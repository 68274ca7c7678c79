import type { CommandContext } from '@purser/module';
import { Fault } from '@purser/core';
import { loadCatalog } from '@purser/catalog';
import { formatMoney } from '@purser/money';
import { marginOfReplay, type ReplayedPlan, replayUsage, type UsageReplay } from '@purser/replay';

export interface ReplayOptions {
  readonly days: string;
  readonly prices: string;
}

const DAYS_MAX = 3_660;

/** Replays what the books have recorded through what was sold and through a proposed catalog, and prints both beside the books. Changes nothing. */
export async function printPlansReplay(context: CommandContext, file: string, options: ReplayOptions): Promise<void> {
  const days = Number(options.days);
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX)
    throw new Fault(`--days: want 1 to ${DAYS_MAX}, got ${options.days}`, { retryable: false });
  const { settings } = context;
  const extensions = context.catalog_extensions;
  const [current, proposed] = await Promise.all([loadCatalog(settings.catalog_file, extensions), loadCatalog(file, extensions)]);
  const to = context.clock.now();
  const prices_at = pricesAt(options.prices, to);
  const configured = new Set(
    Object.entries(settings.providers)
      .filter(([, { api_key, base_url }]) => api_key !== undefined || base_url !== undefined)
      .map(([name]) => name),
  );
  const pool = await context.database();
  const from = to.subtract({ hours: days * 24 });
  const result = await replayUsage(pool, {
    current,
    proposed,
    from,
    to,
    configured,
    ...(prices_at && { prices_at }),
  });
  const prices = prices_at ? `the prices of ${prices_at.toString()}` : 'the prices each call had';
  context.print(`recorded usage of ${days} days, at ${prices}: what was sold (before), ${proposed.version} (after)`);
  context.print(tableOf(result));
  context.print(['assumed:', ...assumptions(result)].join('\n- '));
}

function pricesAt(text: string, now: Temporal.Instant): Temporal.Instant | undefined {
  if (text === 'then') return undefined;
  if (text === 'now') return now;
  try {
    return Temporal.Instant.from(text);
  } catch {
    throw new Fault(`--prices: want then, now or an instant such as 2027-01-01T00:00:00Z, got ${text}`, { retryable: false });
  }
}

function assumptions({ skipped }: UsageReplay): string[] {
  return [
    'plan, version, time zone and overrides of each workspace are those of that moment, and every payment is taken as received',
    'who subscribed is replayed by what was collected: at another price it paid the same share of it, for the same months',
    'gifts, packs and contracts are as they were made and paid for; monthly credits, throttling and pay-as-you-go credits follow from the catalog',
    'what happened before the first day stays as it was',
    'a call takes what it really took: neither the worst case that a hold reserves, nor a shorter answer when little is left, is replayed',
    'another model uses as many tokens; a throttling level applies half a second after the spending that causes it',
    'rate limits, concurrent calls, allocations to members and e-mail pools are not replayed, and no call is added that was refused then',
    'a subscription counts at the price of its plan, without what a change within a period cost; a workspace moved by a rollout counts under the version it bought',
    ...(skipped > 0 ? [`${skipped} calls that failed at no known cost were left out`] : []),
  ];
}

const HEAD = [
  'plan',
  'side',
  'periods',
  'calls',
  'refused',
  'shortened',
  'rerouted',
  'credits',
  'sold',
  'revenue',
  'fees',
  'cost',
  'margin',
  'kept',
];

function tableOf({ books, before, after }: UsageReplay): string {
  const plans = new Set([...before, ...after].map(({ plan }) => plan));
  const rows = [...plans].flatMap((plan) =>
    [
      ...books.filter(({ key }) => key === plan).map((line) => ['books', ...BLANK, ...moneyOf(line)]),
      ...before.filter((one) => one.plan === plan).map((one) => ['before', ...countsOf(one), ...moneyOf(one)]),
      ...after.filter((one) => one.plan === plan).map((one) => ['after', ...countsOf(one), ...moneyOf(one)]),
    ].map((row) => [plan, ...row]),
  );
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The books count neither calls nor what was refused by plan. */
const BLANK = ['–', '–', '–', '–', '–', '–', '–'];

function countsOf({ periods, calls, refused, shortened, rerouted, credits, sold }: ReplayedPlan): string[] {
  const codes = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
  return [
    String(periods),
    String(calls),
    codes.length === 0 ? '0' : codes.join(', '),
    ...[shortened, rerouted, credits, sold].map(String),
  ];
}

function moneyOf(of: Pick<ReplayedPlan, 'revenue' | 'fees' | 'cost'>): string[] {
  const { margin, ratio_ppm } = marginOfReplay(of);
  const kept = ratio_ppm === null ? '–' : `${(Number(ratio_ppm) / 10_000).toFixed(4)} %`;
  return [...[of.revenue, of.fees, of.cost, margin].map(formatMoney), kept];
}
