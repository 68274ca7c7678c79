import { Fault, loadSettings, type Pool, systemClock } from '@purser/base';
import { type Catalogue, loadCatalogue } from '@purser/catalog';
import { type Workspace, workspacesById } from '@purser/identity';
import { type Attempt, attemptsBetween } from '@purser/ledger';
import { formatMoney, type Usage } from '@purser/money';
import { marginOfReplay, Replay, type ReplayedPlan } from '@purser/policy';

import { openDatabase } from '../open-database.ts';

export interface ReplayOptions {
  readonly days: string;
}

const DAYS_MAX = 3_660;

/** Replays the calls in the ledger through the catalogue in force and through a proposed one, and prints both. Changes nothing. */
export async function printPlansReplay(file: string, options: ReplayOptions): Promise<void> {
  const days = Number(options.days);
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX)
    throw new Fault(`--days: want 1 to ${DAYS_MAX}, got ${options.days}`, { retryable: false });
  const settings = loadSettings(process.cwd());
  const [current, proposed] = await Promise.all([loadCatalogue(settings.catalog_file), loadCatalogue(file)]);
  await using database = await openDatabase(settings);
  const to = systemClock.now();
  const from = to.subtract({ hours: days * 24 });
  const { before, after, skipped } = await replay(database.pool, { current, proposed, from, to });
  console.log(`recorded calls of ${days} days, at today’s prices: ${current.version} → ${proposed.version}`);
  console.log(tableOf(before, after));
  if (skipped > 0) console.log(`${skipped} calls without known usage were left out`);
}

async function replay(
  pool: Pool,
  { current, proposed, from, to }: { current: Catalogue; proposed: Catalogue; from: Temporal.Instant; to: Temporal.Instant },
): Promise<{ before: ReplayedPlan[]; after: ReplayedPlan[]; skipped: number }> {
  const sides = [new Replay(current, to), new Replay(proposed, to)] as const;
  const workspaces = new Map<string, Workspace>();
  let skipped = 0;
  for await (const attempts of attemptsBetween(pool, { from, to })) {
    const unknown = new Set(attempts.map(({ workspace }) => workspace).filter((id) => !workspaces.has(id)));
    for (const workspace of await workspacesById(pool, [...unknown])) workspaces.set(workspace.id, workspace);
    for (const attempt of attempts) {
      const workspace = workspaces.get(attempt.workspace);
      const usage = usageOf(attempt);
      if (workspace === undefined || usage === undefined) {
        skipped += 1;
        continue;
      }
      for (const side of sides) side.add(workspace, { ...attempt, usage });
    }
  }
  return { before: sides[0].result(), after: sides[1].result(), skipped };
}

/** What the ledger keeps as JSON is what the gate wrote. */
function usageOf({ usage }: Attempt): Usage | undefined {
  return typeof usage === 'object' && usage !== null && 'input_tokens' in usage ? (usage as Usage) : undefined;
}

const HEAD = ['plan', 'side', 'periods', 'calls', 'refused', 'shortened', 'credits', 'revenue', 'cost', 'margin', 'kept'];

function tableOf(before: readonly ReplayedPlan[], after: readonly ReplayedPlan[]): string {
  const plans = new Set([...before, ...after].map(({ plan }) => plan));
  const rows = [...plans].flatMap((plan) => [
    rowOf(
      plan,
      'before',
      before.find((one) => one.plan === plan),
    ),
    rowOf(
      plan,
      'after',
      after.find((one) => one.plan === plan),
    ),
  ]);
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

function rowOf(plan: string, side: string, of: ReplayedPlan | undefined): string[] {
  if (of === undefined) return [plan, side, ...HEAD.slice(2).map(() => '–')];
  const { margin, ratio_ppm } = marginOfReplay(of);
  const refused = Object.entries(of.refused).map(([code, count]) => `${code} ${count}`);
  return [
    plan,
    side,
    String(of.periods),
    String(of.calls),
    refused.length === 0 ? '0' : refused.join(', '),
    String(of.shortened),
    String(of.credits),
    formatMoney(of.revenue),
    formatMoney(of.cost),
    formatMoney(margin),
    ratio_ppm === null ? '–' : `${(Number(ratio_ppm) / 10_000).toFixed(4)} %`,
  ];
}
