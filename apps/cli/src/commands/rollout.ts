import { readFile } from 'node:fs/promises';

import { Fault, isRefusal, type Refusal, systemClock } from '@purser/core';
import type { Pool } from '@purser/database';
import { catalogExtensions } from '@purser/module';
import { MODULES } from '@purser/server/modules';
import { loadSettings } from '@purser/settings';
import { loadCatalog } from '@purser/catalog';
import { formatMoney } from '@purser/money';
import { findRollout, listRollouts, type Rollout, WHOLE_PPM } from '@purser/policy';
import { beginRollout, compareRollout, moveRollout } from '@purser/console';

import { agreed } from '../agreed.ts';
import { openDatabase } from '../open-database.ts';

const ACTOR = 'cli';

export interface RolloutOptions {
  readonly share: string;
  readonly from?: string;
  readonly prices?: true;
  readonly yes?: true;
}

/** Stores the catalog, or the prices, and moves a share of those on the one in force, or on `from`, to it. */
export async function startRollout(file: string, options: RolloutOptions): Promise<void> {
  const settings = loadSettings(process.cwd());
  const [catalog, text] = await Promise.all([
    loadCatalog(settings.catalog_file, catalogExtensions(MODULES)),
    readFile(file, 'utf8'),
  ]);
  await using database = await openDatabase(settings);
  const of = options.prices === true ? 'prices' : 'catalog';
  const share = shareOf(options.share);
  await agreed(
    `${percent(share)} of the subscribers get ${of === 'prices' ? 'these prices' : 'these plans'} within a second, and are served and charged by them.`,
    options.yes,
  );
  const wanted = { of, text, share, from_version: options.from } as const;
  say(await beginRollout({ pool: database.pool, catalog, actor: ACTOR, now: systemClock.now() }, wanted));
}

/** Another share, `all`, or `back`. */
export async function changeRollout(id: string, to: string, { yes }: { readonly yes?: true }): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const change = to === 'all' || to === 'back' ? ({ state: to } as const) : { share: shareOf(to) };
  const moved =
    to === 'all'
      ? 'Every subscriber is moved'
      : to === 'back'
        ? 'All who were moved go back'
        : `${percent(shareOf(to))} of the subscribers are moved`;
  const final = to === 'back' ? ' This roll-out cannot be resumed.' : '';
  await agreed(`${moved} within a second, and are served and charged by other terms.${final}`, yes);
  say(await moveRollout({ pool: database.pool, actor: ACTOR, now: systemClock.now() }, id, change));
}

/** All roll-outs, or the two sides of one. */
export async function showRollouts(id: string | undefined): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const { pool } = database;
  if (id === undefined) {
    for (const rollout of await listRollouts(pool)) console.log(line(rollout));
    return;
  }
  const rollout = await findRollout(pool, id);
  if (rollout === undefined) throw new Fault(`there is no roll-out ${id}`, { retryable: false });
  await printComparison(pool, rollout);
}

async function printComparison(pool: Pool, rollout: Rollout): Promise<void> {
  console.log(line(rollout));
  for (const { arm, workspaces, calls, refused, refusal_ratio, margin } of await compareRollout(
    pool,
    rollout,
    systemClock.now(),
  )) {
    const codes = Object.entries(refused).map(([code, count]) => `${code} ${count}`);
    console.log(
      `${arm}: ${workspaces} workspaces, ${calls} calls, refused ${refusal_ratio ?? '–'} ${codes.join(', ')}`.trimEnd(),
    );
    for (const { revenue, fees, cost, margin: left, margin_ratio } of margin) {
      const [paid, kept, spent, rest] = [revenue, fees, cost, left].map(formatMoney);
      console.log(`  revenue ${paid}, fees ${kept}, cost ${spent}, margin ${rest} (${margin_ratio ?? '–'})`);
    }
  }
}

function percent(share: number): string {
  return `${share * 100} %`;
}

function say(done: Rollout | Refusal): void {
  if (isRefusal(done)) throw new Fault(`${done.code}: ${done.detail}`, { retryable: false });
  console.log(line(done));
}

function line({ id, from_version, to_version, share_ppm, state, started_at }: Rollout): string {
  return `${id}  ${from_version} → ${to_version}  ${state}  ${(share_ppm / WHOLE_PPM) * 100} %  since ${started_at.toString()}`;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (text.trim() === '' || !(share >= 0 && share <= 1))
    throw new Fault(`want a share from 0 to 1, all or back; got ${text}`, { retryable: false });
  return share;
}
