import { appendAudit } from '@purser/audit';
import { isUuid, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import { type GrantId, lockGrants, takeBack, workspaceOfGift } from '@purser/meters';

export interface TakenBack {
  readonly gift: string;
  readonly workspace: WorkspaceId;
  /** What was unspent, and is gone now. */
  readonly taken: bigint;
  /** What running calls hold: what they do not spend of it can be taken back when they have ended. */
  readonly held: bigint;
}

/**
 * Takes what is unspent of a gift back, once or again: what is spent stays spent, and no other credits are touched. The audit log says who
 * did it and why.
 */
export async function takeBackGift(
  pool: Pool,
  wanted: { readonly gift: string; readonly reason: string; readonly actor: string; readonly now: Temporal.Instant },
): Promise<TakenBack | Refusal> {
  const { gift, reason, actor, now } = wanted;
  const grant = gift.toLowerCase() as GrantId;
  const workspace = isUuid(gift) ? await workspaceOfGift(pool, grant) : undefined;
  if (workspace === undefined) return refuse('not_found', `there is no gift ${gift.slice(0, 100)}`);
  return transaction(pool, async (connection) => {
    const [state] = await lockGrants(connection, now, workspace, [grant]);
    const free = state === undefined ? 0n : state.amount - state.used - state.held - state.expired;
    const credits = await takeBack(connection, now, { workspace, grant, credits: free, reason: `taken back: ${reason}` });
    const taken = { gift: grant, workspace, taken: credits, held: state?.held ?? 0n };
    if (credits > 0n) {
      await appendAudit(connection, {
        at: now,
        actor,
        workspace,
        action: 'credits.gift.take_back',
        subject: `grant:${grant}`,
        detail: { credits: credits.toString(), reason },
      });
    }
    return taken;
  });
}
