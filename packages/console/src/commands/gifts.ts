import type { CommandContext } from '@purser/module';
import { Fault, isRefusal } from '@purser/core';
import { workspaceNamed } from '@purser/identity';
import { listGifts } from '@purser/meters';
import { takeBackGift } from '../take-back-gift.ts';

export interface TakeBackOptions {
  readonly reason: string;
  readonly yes?: true;
}

/** The gifts of a workspace, newest first. */
export async function showGifts(context: CommandContext, name: string): Promise<void> {
  const pool = await context.database();
  const { workspace_id } = await workspaceNamed(pool, name);
  const gifts = await listGifts(pool, workspace_id);
  if (gifts.length === 0) context.print('no gifts');
  for (const { id, granted_at, credits, used, held, gone, reason } of gifts) {
    const left = credits - used - held - gone;
    context.print(
      `${id}  ${granted_at.toString()}  ${credits} credits: ${used} spent, ${held} held, ${left} left  ${reason ?? ''}`.trimEnd(),
    );
  }
}

/** Takes back what is unspent of one. */
export async function takeBack(context: CommandContext, gift: string, { reason, yes }: TakeBackOptions): Promise<void> {
  const pool = await context.database();
  await context.agree(
    `The unspent part of gift ${gift} is taken from its workspace at once. What is spent stays spent.`,
    yes === true,
  );
  const taken = await takeBackGift(pool, { gift, reason, actor: 'cli', now: context.clock.now() });
  if (isRefusal(taken)) throw new Fault(taken.detail, { retryable: false });
  const running = taken.held === 0n ? '' : `; ${taken.held} are held by running calls; run this again when they have ended`;
  context.print(`${taken.taken} credits taken back from workspace ${taken.workspace}${running}`);
}
