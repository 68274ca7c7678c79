import type { Module } from '@purser/module';
import { MODULES } from '@purser/server/modules';
import { Command } from 'commander';

import packageFile from '../package.json' with { type: 'json' };
import { addModuleCommands } from './module-commands.ts';
import type { TakeBackOptions } from './commands/gifts.ts';
import type { ReplayOptions } from './commands/plans-replay.ts';
import type { ReconcileOptions } from './commands/reconcile.ts';
import type { RolloutOptions } from './commands/rollout.ts';
import type { SimulateOptions } from './commands/simulate.ts';
import type { ResolveOptions, UnresolvedOptions } from './commands/unresolved.ts';

const HEAD = ['--head <head>', 'a head kept elsewhere, <block>:<digest>: the chain must go through it'] as const;

const YES = ['-y, --yes', 'agree beforehand to what is asked otherwise'] as const;

interface WithHead {
  readonly head?: string;
}

async function headOf(text: string | undefined) {
  return text === undefined ? undefined : (await import('./trail-verdict.ts')).headArgument(text);
}

/** The commands. Each loads its own code when it runs, so that `purser --help` is instant. */
export function buildProgram(modules: readonly Module[] = MODULES): Command {
  const program = new Command('purser')
    .description('Admits every paid call of an AI product under one atomic hold, and proves the margin from its books.')
    .version(packageFile.version, '-V, --version', 'print which version this is')
    .showHelpAfterError('(purser --help lists the commands)')
    .helpCommand(false);

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
    .command('migrate')
    .description('bring the database forward')
    .action(async () => (await import('./commands/migrate.ts')).migrateDatabase());

  program
    .command('backup')
    .argument('<file>', 'where to write it')
    .description('write the whole installation to one file, as it is at this moment; servers go on meanwhile')
    .action(async (file: string) => (await import('./commands/backup.ts')).writeBackup(file));
  program
    .command('restore')
    .argument('<file>', 'what `purser backup` wrote')
    .description('fill an empty database from it, of any supported version of PostgreSQL')
    .action(async (file: string) => (await import('./commands/restore.ts')).restoreFromBackup(file));

  const plans = program.command('plans').description('the plans of a catalog');
  plans
    .command('check')
    .argument('[file]', 'a catalog; without it the one of PURSER_CATALOG')
    .description('prove that each paid plan keeps its margin in the worst case; exit 1 when one does not')
    .action(async (file: string | undefined) => (await import('./commands/plans-check.ts')).printPlansCheck(file));

  plans
    .command('replay')
    .argument('<file>', 'a proposed catalog')
    .option('--days <number>', 'how far back', '30')
    .option('--prices <when>', 'whose prices count: then (those of each call), now, or an instant', 'then')
    .description('replay the recorded usage through it, beside what was sold and the books: margin, credits and refusals')
    .action(async (file: string, options: ReplayOptions) =>
      (await import('./commands/plans-replay.ts')).printPlansReplay(file, options),
    );

  const rollout = program.command('rollout').description('a catalog, or prices, for a share of the workspaces first');
  rollout
    .command('start')
    .argument('<file>', 'the catalog to move to, or the prices')
    .option('--prices', 'the file is a provider_costs.yml')
    .requiredOption('--share <share>', 'of the subscribers, 0 to 1')
    .option('--from <version>', 'who is on it; without it the one of PURSER_CATALOG')
    .description('store it, and move a share of the workspaces to it')
    .option(...YES)
    .action(async (file: string, options: RolloutOptions) => (await import('./commands/rollout.ts')).startRollout(file, options));
  rollout
    .command('move')
    .argument('<id>')
    .argument('<to>', 'another share (0 to 1), all, or back')
    .description('change who is moved')
    .option(...YES)
    .action(async (id: string, to: string, options: { yes?: true }) =>
      (await import('./commands/rollout.ts')).changeRollout(id, to, options),
    );
  rollout
    .command('show')
    .argument('[id]', 'without it: all there are')
    .description('both sides next to each other: margin, calls, refusals')
    .action(async (id: string | undefined) => (await import('./commands/rollout.ts')).showRollouts(id));

  const gifts = program.command('gifts').description('credits that were given away');
  gifts
    .command('list')
    .argument('<workspace>', 'its id, or your external_id')
    .description('the newest first, with what is left of each')
    .action(async (workspace: string) => (await import('./commands/gifts.ts')).showGifts(workspace));
  gifts
    .command('take-back')
    .argument('<id>', 'of the gift')
    .requiredOption('--reason <text>', 'for the statement and the audit log')
    .option(...YES)
    .description('take back what is unspent of it')
    .action(async (id: string, options: TakeBackOptions) => (await import('./commands/gifts.ts')).takeBack(id, options));

  const prices = program.command('prices').description('what providers charge');
  prices
    .command('import')
    .argument('<file>', 'LiteLLM’s model_prices_and_context_window.json')
    .description('read the community price table')
    .action(async (file: string) => (await import('./commands/prices-import.ts')).printPricesImport(file));

  const payments = program.command('payments').description('what the payment provider told');
  payments
    .command('take-in')
    .requiredOption('--since <time>', 'from when, such as 2026-11-01T00:00:00Z or a date')
    .description('ask Stripe for its events again and apply those that are not known; exit 1 when one was refused')
    .action(async (options: { since: string }) => (await import('./commands/payments-take-in.ts')).takeIn(options));
  const erase = program.command('erase').description('delete a customer or a person for good; the books stay, under a pseudonym');
  erase
    .command('workspace')
    .argument('<id>', 'its id, or your external_id')
    .option('--confirm <name>', 'its name, instead of typing it')
    .description('its keys, members, names, texts and kept answers')
    .action(async (id: string, { confirm }: { confirm?: string }) =>
      (await import('./commands/erase.ts')).eraseWorkspace(id, confirm),
    );
  erase
    .command('person')
    .argument('<email>')
    .option('--confirm <email>', 'the address again, instead of typing it')
    .option('--delete-workspaces', 'also the workspaces that nobody else owns')
    .description('somebody who signs in: account, memberships, sessions')
    .action(async (email: string, options: { confirm?: string; deleteWorkspaces?: boolean }) =>
      (await import('./commands/erase.ts')).erasePerson(email, options),
    );

  const exporting = program
    .command('export')
    .description('everything that is kept of a customer or a person, as one ZIP archive');
  exporting
    .command('workspace')
    .description('all that is kept of a customer')
    .argument('<id>', 'its id, or your external_id')
    .argument('<file>', 'where to write it')
    .action(async (id: string, file: string) => (await import('./commands/export-data.ts')).exportWorkspace(id, file));
  exporting
    .command('person')
    .description('what is kept of somebody who signs in')
    .argument('<email>')
    .argument('<file>', 'where to write it')
    .action(async (email: string, file: string) => (await import('./commands/export-data.ts')).exportPerson(email, file));

  program
    .command('reconcile')
    .argument('<provider>', 'openai, anthropic, or with --csv any')
    .requiredOption('--from <day>', 'the first day, UTC')
    .requiredOption('--to <day>', 'the day after the last')
    .option('--csv <file>', 'what the provider exported; without it its API is asked')
    .option('--post', 'post the differences; without it nothing is written')
    .description('compare what a provider billed with the books, and resolve by it what nobody knew')
    .action(async (provider: string, options: ReconcileOptions) =>
      (await import('./commands/reconcile.ts')).printReconciliation(provider, options),
    );

  const ledger = program.command('ledger').description('the books');
  ledger
    .command('verify')
    .description('replay the postings and the holds against the counters; exit 1 when something does not fit')
    .action(async () => (await import('./commands/ledger-verify.ts')).verifyLedger());

  const unresolved = program.command('unresolved').description('calls that a provider may have billed and nobody knows');
  unresolved
    .command('list')
    .option('--provider <id>', 'those of one, as in models.yml, such as openai')
    .option('--from <time>', 'a date or an instant')
    .option('--to <time>', 'not included')
    .description('the oldest first, with the most each may have cost')
    .action(async (options: UnresolvedOptions) => (await import('./commands/unresolved.ts')).showUnresolved(options));
  unresolved
    .command('resolve')
    .argument('<verdict>', 'billed or not-billed')
    .option('--transaction <id...>', 'these calls')
    .option('--provider <id>', 'all of a provider')
    .option('--from <time>', 'a date or an instant')
    .option('--to <time>', 'not included')
    .option('--cost <amount>', 'what one call cost, such as "0.0125 USD"; without it all that was held')
    .requiredOption('--reason <text>', 'for the audit log')
    .description('say what they cost; the books follow, and no customer is charged')
    .action(async (verdict: string, options: ResolveOptions) =>
      (await import('./commands/unresolved.ts')).resolve(verdict, options),
    );

  const audit = program.command('audit').description('the trail');
  audit
    .command('verify')
    .option(...HEAD)
    .description('check the sealed chain; exit 1 when it is broken')
    .action(async ({ head }: WithHead) => (await import('./commands/audit-verify.ts')).verifyTrail(await headOf(head)));
  audit
    .command('export')
    .description('write the sealed trail to the output as JSON Lines')
    .action(async () => (await import('./commands/audit-export.ts')).exportTrail());
  audit
    .command('check')
    .argument('<file>', 'what `purser audit export` wrote')
    .option(...HEAD)
    .description('check an exported trail without a database; exit 1 when it is broken')
    .action(async (file: string, { head }: WithHead) =>
      (await import('./commands/audit-check.ts')).checkExport(file, await headOf(head)),
    );

  program
    .command('simulate')
    .option('--customers <number>', 'how many', '1000')
    .option('--months <number>', 'for how long', '3')
    .option('--seed <number>', 'the same seed draws the same customers', '1')
    .option('--html <file>', 'write tables and plots to a file for a browser as well')
    .description('months of simulated customers through the real engine on a clock that is moved; exit 1 when a guarantee breaks')
    .action(async (options: SimulateOptions) => (await import('./commands/simulate.ts')).printSimulation(options));

  program
    .command('bench')
    .description('measure this machine; the words after it are passed on')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => (await import('./commands/bench.ts')).bench(words));
  addModuleCommands(program, modules);
  return program;
}
