import type { CommandContext } from '@purser/module';
import { readFile } from 'node:fs/promises';

import { Fault, isRefusal, type Refusal } from '@purser/core';
import type { Pool } from '@purser/database';
import { loadCatalog } from '@purser/catalog';
import { formatMoney } from '@purser/money';
import { findRollout, listRollouts, type Rollout, WHOLE_PPM } from '@purser/policy';
import { beginRollout, moveRollout } from '../begin-rollout.ts';
import { compareRollout } from '../compare-rollout.ts';

const ACTOR = 'cli';

export interface RolloutOptions {
  readonly share: string;
  readonly from?: string;
  readonly prices?: true;
  readonly yes?: true;
}

/** Stores the catalog, or the prices, and moves a share of those on the one in force, or on `from`, to it. */
export async function startRollout(context: CommandContext, file: string, options: RolloutOptions): Promise<void> {
  const { settings } = context;
  const [catalog, text] = await Promise.all([
    loadCatalog(settings.catalog_file, context.catalog_extensions),
    readFile(file, 'utf8'),
  ]);
  const pool = await context.database();
  const of = options.prices === true ? 'prices' : 'catalog';
  const share = shareOf(options.share);
  await context.agree(
    `${percent(share)} of the subscribers move to ${of === 'prices' ? 'these prices' : 'these plans'} within a second, and are served and charged by them.`,
    options.yes === true,
  );
  const wanted = { of, text, share, from_version: options.from } as const;
  say(context, await beginRollout({ pool, catalog, actor: ACTOR, now: context.clock.now() }, wanted));
}

/** Another share, `complete`, or `roll-back`. */
export async function changeRollout(
  context: CommandContext,
  id: string,
  to: string,
  { yes }: { readonly yes?: true },
): Promise<void> {
  const [pool, catalog] = await Promise.all([
    context.database(),
    loadCatalog(context.settings.catalog_file, context.catalog_extensions),
  ]);
  const state = STATES[to];
  const change = state === undefined ? { share: shareOf(to) } : { state };
  const moved =
    state === 'completed'
      ? 'Every subscriber is moved'
      : state === 'rolled_back'
        ? 'Every moved subscriber goes back'
        : `${percent(shareOf(to))} of the subscribers are moved`;
  const final = state === 'rolled_back' ? ' This rollout cannot be resumed.' : '';
  await context.agree(`${moved} within a second, and are served and charged by other terms.${final}`, yes === true);
  say(context, await moveRollout({ pool, catalog, actor: ACTOR, now: context.clock.now() }, id, change));
}

/** All roll-outs, or the two sides of one. */
export async function showRollouts(context: CommandContext, id: string | undefined): Promise<void> {
  const pool = await context.database();
  if (id === undefined) {
    for (const rollout of await listRollouts(pool)) context.print(line(rollout));
    return;
  }
  const rollout = await findRollout(pool, id);
  if (rollout === undefined) throw new Fault(`there is no rollout ${id}`, { retryable: false });
  await printComparison(context, pool, rollout);
}

async function printComparison(context: CommandContext, pool: Pool, rollout: Rollout): Promise<void> {
  context.print(line(rollout));
  for (const { arm, workspaces, calls, refused, refusal_ratio, margin } of await compareRollout(
    pool,
    rollout,
    context.clock.now(),
  )) {
    const codes = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
    context.print(
      `${arm}: ${workspaces} workspaces, ${calls} calls, refused ${refusal_ratio ?? '–'} ${codes.join(', ')}`.trimEnd(),
    );
    for (const { revenue, fees, cost, margin: left, margin_ratio } of margin) {
      const [paid, kept, spent, rest] = [revenue, fees, cost, left].map(formatMoney);
      context.print(`  revenue ${paid}, fees ${kept}, cost ${spent}, margin ${rest} (${margin_ratio ?? '–'})`);
    }
  }
}

const STATES: Readonly<Record<string, 'completed' | 'rolled_back'>> = { complete: 'completed', 'roll-back': 'rolled_back' };

function percent(share: number): string {
  return `${share * 100} %`;
}

function say(context: CommandContext, done: Rollout | Refusal): void {
  if (isRefusal(done)) throw new Fault(`${done.code}: ${done.detail}`, { retryable: false });
  context.print(line(done));
}

function line({ id, from_version, to_version, share_ppm, state, started_at }: Rollout): string {
  return `${id}  ${from_version} → ${to_version}  ${state}  ${(share_ppm / WHOLE_PPM) * 100} %  since ${started_at.toString()}`;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (text.trim() === '' || !(share >= 0 && share <= 1))
    throw new Fault(`want a share from 0 to 1, complete or roll-back; got ${text}`, { retryable: false });
  return share;
}
