import type { CommandContext } from '@purser/module';
import { createReadStream } from 'node:fs';

import { Fault, fileTrouble, isRefusal } from '@purser/core';
import type { Settings } from '@purser/settings';
import { loadCatalog } from '@purser/catalog';
import { currency, formatMoney, money } from '@purser/money';
import { anthropicCosts, type Charge, openAiCosts, readChargesCsv, reconcile, type Reconciled } from '@purser/reconciliation';

export interface ReconcileOptions {
  readonly from: string;
  readonly to: string;
  readonly csv?: string;
  readonly post?: true;
}

/** Compares what a provider billed with the books and prints the differences; with `--post` they are posted. */
export async function printReconciliation(context: CommandContext, provider: string, options: ReconcileOptions): Promise<void> {
  const { settings } = context;
  const span = { from: dayOf('--from', options.from), to: dayOf('--to', options.to) };
  const { providers } = await loadCatalog(settings.catalog_file, context.catalog_extensions);
  const pool = await context.database();
  const result = await reconcile(pool, {
    provider,
    providers,
    ...span,
    charges: options.csv === undefined ? asked(provider, settings, span) : readChargesCsv(textOf(options.csv)),
    post: options.post === true,
    actor: 'cli',
    now: context.clock.now(),
  });
  if (isRefusal(result)) throw new Fault(result.detail, { retryable: false });
  print(context, result);
}

/** Asks once it is read, when it is known that there is such a provider. */
async function* asked(
  provider: string,
  { providers, cost_keys }: Settings,
  span: { from: Temporal.Instant; to: Temporal.Instant },
): AsyncGenerator<Charge> {
  const sources = {
    openai: { read: openAiCosts, setting: 'OPENAI_ADMIN_KEY' },
    anthropic: { read: anthropicCosts, setting: 'ANTHROPIC_ADMIN_KEY' },
  } as const;
  if (provider !== 'openai' && provider !== 'anthropic') {
    throw new Fault(`${provider} has no cost API that Purser reads; export its costs and name the file with --csv`, {
      retryable: false,
    });
  }
  const { read, setting } = sources[provider];
  const admin_key = cost_keys[provider];
  if (admin_key === undefined)
    throw new Fault(`${setting} is not set; set it to an admin key of the organization, or name an export with --csv`, {
      retryable: false,
    });
  yield* read({ admin_key, base_url: providers[provider].base_url }, span);
}

async function* textOf(file: string): AsyncGenerator<string> {
  try {
    yield* createReadStream(file, { encoding: 'utf8' }) as AsyncIterable<string>;
  } catch (error) {
    throw fileTrouble(`${file} cannot be read`, error);
  }
}

function dayOf(option: string, text: string): Temporal.Instant {
  try {
    return Temporal.PlainDate.from(text).toZonedDateTime('UTC').toInstant();
  } catch {
    throw new Fault(`${option}: want a date such as 2026-11-01, got ${text}`, { retryable: false });
  }
}

const HEAD = ['day', 'model', 'calls', 'booked', 'resolved', 'billed', 'difference'];

function print(context: CommandContext, { outcome, lines, resolved, unresolved_left, import_id }: Reconciled): void {
  const rows = lines.map(({ day, model, unit, attempts, booked, posted_before, resolved: taken, billed, difference }) => {
    const amount = (nanos: bigint): string => formatMoney(money(nanos, currency(unit)));
    return [
      day,
      model || '–',
      String(attempts),
      amount(booked + posted_before),
      amount(taken),
      amount(billed),
      amount(difference),
    ];
  });
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all)
    context.print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  const differing = lines.filter(({ difference }) => difference !== 0n).length;
  const words = {
    compared: `${differing} of ${lines.length} lines differ; of the unresolved calls ${resolved} would get a cost, ${unresolved_left} would not; nothing was written (--post writes it)`,
    posted: `${differing} of ${lines.length} lines differed and were booked; of the unresolved calls ${resolved} have a cost now, ${unresolved_left} do not`,
    known: 'this export was booked before; nothing was written',
  };
  context.print(`${words[outcome]} (import ${import_id.slice(0, 12)})`);
}
