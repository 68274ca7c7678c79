import type { Module } from '@purser/module';
import { MODULES } from '@purser/server/modules';
import { Command } from 'commander';

import packageFile from '../package.json' with { type: 'json' };
import { addModuleCommands } from './module-commands.ts';
import type { SimulateOptions } from './commands/simulate.ts';

const HEAD = ['--head <head>', 'a head that you keep elsewhere, <block>:<digest>: the chain must contain it'] as const;

interface WithHead {
  readonly head?: string;
}

async function headOf(text: string | undefined) {
  return text === undefined ? undefined : (await import('./audit-verdict.ts')).headArgument(text);
}

/** The commands. Each loads its own code when it runs, so that `purser --help` is instant. */
export function buildProgram(modules: readonly Module[] = MODULES): Command {
  const program = new Command('purser')
    .description(
      'Never lose money on an AI call: every paid call is admitted under one atomic hold, and the margin is proven from the ledger.',
    )
    .version(packageFile.version, '-V, --version', 'print which version this is')
    .showHelpAfterError('(purser --help lists the commands)')
    .helpCommand(false);

  addServerCommands(program);
  addBackupCommands(program);
  addDataCommands(program);
  addAuditCommands(program);
  addMeasuringCommands(program);
  addModuleCommands(program, modules);
  return program;
}

function addServerCommands(program: Command): void {
  program
    .command('up')
    .description(
      'start everything on this machine: embedded database (unless DATABASE_URL is set), a demo workspace, API and web client',
    )
    .action(async () => (await import('./commands/up.ts')).up());
  program
    .command('serve')
    .description('start the server alone, on DATABASE_URL or the embedded database')
    .action(async () => (await import('./commands/serve.ts')).serve());
  program
    .command('worker')
    .description('run jobs beside servers, on DATABASE_URL (and NATS_URL), with health checks and metrics on PORT')
    .action(async () => (await import('./commands/worker.ts')).worker());
  program
    .command('migrate')
    .description('run migrations')
    .action(async () => (await import('./commands/migrate.ts')).migrateDatabase());
}

function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .argument('<file>', 'where to write it')
    .description('write the whole installation to one file, as it is at this moment; servers keep running')
    .action(async (file: string) => (await import('./commands/backup.ts')).writeBackup(file));
  program
    .command('restore')
    .argument('<file>', 'what `purser backup` wrote')
    .description('fill an empty database from it, of any supported version of PostgreSQL')
    .action(async (file: string) => (await import('./commands/restore.ts')).restoreFromBackup(file));
}

function addDataCommands(program: Command): void {
  const plans = program.command('plans').description('the plans of a catalog');
  plans
    .command('check')
    .argument('[file]', 'a catalog; without it the one of PURSER_CATALOG')
    .description('prove that each paid plan keeps its margin in the worst case; exit 1 if one does not')
    .action(async (file: string | undefined) => (await import('./commands/plans-check.ts')).printPlansCheck(file));

  const models = program.command('models').description('which models there are');
  models
    .command('import')
    .description('take the models and the prices of LiteLLM’s table; what is left out is listed with its reason')
    .argument('<file>', 'LiteLLM’s model_prices_and_context_window.json')
    .action(async (file: string) => (await import('./commands/models-import.ts')).printModelsImport(file));
  const prices = program.command('prices').description('what providers charge');
  prices
    .command('import')
    .argument('<file>', 'LiteLLM’s model_prices_and_context_window.json')
    .description('read the community price table')
    .action(async (file: string) => (await import('./commands/prices-import.ts')).printPricesImport(file));

  const payments = program.command('payments').description('events of the payment provider');
  payments
    .command('take-in')
    .requiredOption('--since <time>', 'from when, such as 2026-11-01T00:00:00Z or a date')
    .description('fetch Stripe’s events again and apply those that are missing; exit 1 if one was refused')
    .action(async (options: { since: string }) => (await import('./commands/payments-take-in.ts')).takeIn(options));
  const ledger = program.command('ledger').description('the ledger');
  ledger
    .command('verify')
    .description('replay entries and holds, and compare them with the counters; exit 1 on a difference')
    .action(async () => (await import('./commands/ledger-verify.ts')).verifyLedger());
}

function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the audit log');
  audit
    .command('verify')
    .option(...HEAD)
    .description('check the sealed chain; exit 1 if it is broken')
    .action(async ({ head }: WithHead) => (await import('./commands/audit-verify.ts')).verifyAuditLog(await headOf(head)));
  audit
    .command('export')
    .description('write the sealed audit log to the output as JSON Lines')
    .action(async () => (await import('./commands/audit-export.ts')).exportAuditLog());
  audit
    .command('check')
    .argument('<file>', 'what `purser audit export` wrote')
    .option(...HEAD)
    .description('check an exported audit log without a database; exit 1 if it is broken')
    .action(async (file: string, { head }: WithHead) =>
      (await import('./commands/audit-check.ts')).checkExport(file, await headOf(head)),
    );
}

function addMeasuringCommands(program: Command): void {
  program
    .command('simulate')
    .option('--customers <number>', 'how many', '1000')
    .option('--months <number>', 'for how long', '3')
    .option('--seed <number>', 'the same seed draws the same customers', '1')
    .option('--html <file>', 'write tables and plots to a file for a browser as well')
    .description('simulate months of customers through the real engine on a test clock; exit 1 if a guarantee breaks')
    .action(async (options: SimulateOptions) => (await import('./commands/simulate.ts')).printSimulation(options));

  program
    .command('bench')
    .description('measure this machine; further arguments are passed to the benchmark')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => (await import('./commands/bench.ts')).bench(words));
}
