import { Fault, isRefusal, systemClock } from '@purser/core';
import { loadSettings } from '@purser/settings';
import { listGifts } from '@purser/meters';
import { takeBackGift } from '@purser/console';

import { agreed } from '../agreed.ts';
import { openDatabase } from '../open-database.ts';
import { workspaceNamed } from './erase.ts';

export interface TakeBackOptions {
  readonly reason: string;
  readonly yes?: true;
}

/** The gifts of a workspace, newest first. */
export async function showGifts(name: string): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const { workspace_id } = await workspaceNamed(database.pool, name);
  const gifts = await listGifts(database.pool, workspace_id);
  if (gifts.length === 0) console.log('no gifts');
  for (const { id, granted_at, credits, used, held, gone, reason } of gifts) {
    const left = credits - used - held - gone;
    console.log(
      `${id}  ${granted_at.toString()}  ${credits} credits: ${used} spent, ${held} held, ${left} left  ${reason ?? ''}`.trimEnd(),
    );
  }
}

/** Takes back what is unspent of one. */
export async function takeBack(gift: string, { reason, yes }: TakeBackOptions): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  await agreed(`What is unspent of the gift ${gift} is taken from its workspace at once; what is spent stays spent.`, yes);
  const taken = await takeBackGift(database.pool, { gift, reason, actor: 'cli', now: systemClock.now() });
  if (isRefusal(taken)) throw new Fault(taken.detail, { retryable: false });
  const running = taken.held === 0n ? '' : `; ${taken.held} are held by running calls, ask again when they have ended`;
  console.log(`${taken.taken} credits taken back from workspace ${taken.workspace}${running}`);
}
