import type { Command, CommandOption } from '@purser/module';

import type { TakeBackOptions } from './commands/gifts.ts';
import type { ReplayOptions } from './commands/plans-replay.ts';
import type { ReconcileOptions } from './commands/reconcile.ts';
import type { RolloutOptions } from './commands/rollout.ts';
import type { ResolveOptions } from './commands/unresolved.ts';

/* Options are cast to what each command declares: commander has read them, and refused what is missing. */

const YES: CommandOption = { flags: '-y, --yes', description: 'confirm without being asked' };
const FROM: CommandOption = { flags: '--from <time>', description: 'a date or an instant' };
const TO: CommandOption = { flags: '--to <time>', description: 'not included' };

const ROLLOUTS: readonly Command[] = [
  {
    name: 'rollout start',
    group: 'a catalog, or prices, for a share of the workspaces first',
    description: 'store it, and move a share of the workspaces to it',
    arguments: [{ name: 'file', description: 'the catalog to move to, or the prices' }],
    options: [
      { flags: '--prices', description: 'the file is a provider_costs.yml' },
      { flags: '--share <share>', description: 'of the subscribers, 0 to 1', required: true },
      { flags: '--from <version>', description: 'the version to move workspaces from; without it the one of PURSER_CATALOG' },
      YES,
    ],
    async run({ arguments: [file = ''], options }, context) {
      await (await import('./commands/rollout.ts')).startRollout(context, file, options as unknown as RolloutOptions);
    },
  },
  {
    name: 'rollout move',
    description: 'change which share is moved',
    arguments: [
      { name: 'id', description: 'of the roll-out' },
      { name: 'to', description: 'another share (0 to 1), complete, or roll-back' },
    ],
    options: [YES],
    async run({ arguments: [id = '', to = ''], options }, context) {
      await (await import('./commands/rollout.ts')).changeRollout(context, id, to, options);
    },
  },
  {
    name: 'rollout show',
    description: 'compare both groups: margin, calls, refusals',
    arguments: [{ name: 'id', description: 'one rollout; without it all of them', optional: true }],
    async run({ arguments: [id] }, context) {
      await (await import('./commands/rollout.ts')).showRollouts(context, id);
    },
  },
];

const GIFTS: readonly Command[] = [
  {
    name: 'gifts list',
    group: 'credits given as gifts',
    description: 'the newest first, with what remains of each',
    arguments: [{ name: 'workspace', description: 'its id, or your external_id' }],
    async run({ arguments: [workspace = ''] }, context) {
      await (await import('./commands/gifts.ts')).showGifts(context, workspace);
    },
  },
  {
    name: 'gifts take-back',
    description: 'take back the unspent part of a gift',
    arguments: [{ name: 'id', description: 'of the gift' }],
    options: [{ flags: '--reason <text>', description: 'for the statement and the audit log', required: true }, YES],
    async run({ arguments: [id = ''], options }, context) {
      await (await import('./commands/gifts.ts')).takeBack(context, id, options as unknown as TakeBackOptions);
    },
  },
];

const UNRESOLVED: readonly Command[] = [
  {
    name: 'unresolved list',
    group: 'calls whose cost is unknown: a provider may have billed them',
    description: 'the oldest first, with the maximum cost of each',
    options: [
      { flags: '--provider <id>', description: 'only those of one provider, as in models.yml, such as openai' },
      FROM,
      TO,
    ],
    async run({ options }, context) {
      await (await import('./commands/unresolved.ts')).showUnresolved(context, options);
    },
  },
  {
    name: 'unresolved resolve',
    description: 'set what they cost; the ledger is corrected, and no customer is charged',
    arguments: [{ name: 'verdict', description: 'billed or not-billed' }],
    options: [
      { flags: '--transaction <id...>', description: 'these calls' },
      { flags: '--provider <id>', description: 'all of a provider' },
      FROM,
      TO,
      { flags: '--cost <amount>', description: 'what one call cost, such as "0.0125 USD"; without it the whole hold' },
      { flags: '--reason <text>', description: 'for the audit log', required: true },
    ],
    async run({ arguments: [verdict = ''], options }, context) {
      await (await import('./commands/unresolved.ts')).resolve(context, verdict, options as unknown as ResolveOptions);
    },
  },
];

/** What an operator does at a terminal as on the page. */
export const COMMANDS: readonly Command[] = [
  ...ROLLOUTS,
  ...GIFTS,
  ...UNRESOLVED,
  {
    name: 'plans replay',
    description: 'replay the recorded usage through it and compare with what was sold: margin, credits and refusals',
    arguments: [{ name: 'file', description: 'a proposed catalog' }],
    options: [
      { flags: '--days <number>', description: 'how far back', default: '30' },
      {
        flags: '--prices <when>',
        description: 'which prices count: then (those of each call), now, or those of a time',
        default: 'then',
      },
    ],
    async run({ arguments: [file = ''], options }, context) {
      await (await import('./commands/plans-replay.ts')).printPlansReplay(context, file, options as unknown as ReplayOptions);
    },
  },
  {
    name: 'reconcile',
    description: 'compare a provider’s bill with the ledger, and resolve calls of unknown cost by it',
    arguments: [{ name: 'provider', description: 'openai, anthropic, or with --csv any' }],
    options: [
      { flags: '--from <day>', description: 'the first day, UTC', required: true },
      { flags: '--to <day>', description: 'the day after the last', required: true },
      { flags: '--csv <file>', description: 'what the provider exported; without it its API is asked' },
      { flags: '--post', description: 'book the differences; without it nothing is written' },
    ],
    async run({ arguments: [provider = ''], options }, context) {
      await (
        await import('./commands/reconcile.ts')
      ).printReconciliation(context, provider, options as unknown as ReconcileOptions);
    },
  },
];
