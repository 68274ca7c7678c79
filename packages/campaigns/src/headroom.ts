import { PLATFORM, type Refusal, refuse } from '@purser/core';
import type { Connection } from '@purser/database';
import { buyOffers } from '@purser/gate';
import type { Caller, Workspace } from '@purser/identity';
import type { MeterState } from '@purser/meters';
import { metersFor } from '@purser/policy';

import type { CampaignsDeps } from './deps.ts';
import { refusedSender } from './reputation/sender-standing.ts';

/** How many e-mails a workspace may send now, and what is short where that is none. */
export interface Headroom {
  readonly emails: number;
  /** Why it is no more: how it is refused when nothing fits. */
  readonly refusal: Refusal;
  /** When the day of the workspace is over; undefined: no quota counts by the day. */
  readonly tomorrow: Temporal.Instant | undefined;
}

const EMAILS_MAX = 1_000_000;

/**
 * What the quotas of e-mail, and the pool where the plan has one, leave to a caller, less what was promised to campaigns that are not
 * through. It is a forecast: each slice is held for by itself. In the transaction of `connection`, which keeps other campaigns of the
 * workspace waiting, so that two do not promise the same.
 */
export async function headroomOf(
  { clock, meters, policyOf }: Pick<CampaignsDeps, 'clock' | 'meters' | 'policyOf'>,
  connection: Connection,
  caller: Caller & { readonly workspace: Workspace },
): Promise<Headroom> {
  const now = clock.now();
  const stopped = await refusedSender(connection, caller.workspace.id, now);
  if (stopped !== undefined) return { emails: 0, refusal: stopped, tomorrow: undefined };
  const policy = policyOf(caller.workspace, now);
  const specs = metersFor('email', policy, { user: caller.user ?? caller.actor }, now);
  const states = await meters.read(specs.filter(({ class: kind, unit }) => kind === 'quota' && unit === 'email'));
  const promised = await promisedOf(connection, caller.workspace, now);
  let least: { state: MeterState; left: bigint } | undefined;
  for (const state of states) {
    const left = state.cap - state.held - state.used - state.unreconciled - state.overrun - promised;
    if (least === undefined || left < least.left) least = { state, left };
  }
  const days = states.filter(({ workspace, key }) => workspace !== PLATFORM && key.includes('_day'));
  const refusal = refusalOf(policy, least?.state, now);
  return {
    emails: least === undefined ? EMAILS_MAX : Number(least.left < 0n ? 0n : least.left),
    refusal,
    tomorrow: days[0]?.window_end ?? undefined,
  };
}

async function promisedOf(connection: Connection, workspace: Workspace, now: Temporal.Instant): Promise<bigint> {
  await connection.query(`select pg_advisory_xact_lock(hashtextextended('campaigns ' || $1, 0))`, [workspace.id]);
  const { rows } = await connection.query<{ promised: bigint }>(
    `select count(*) as promised from campaigns.recipient where workspace_id = $1 and state = 'queued' and (due_at is null or due_at <= $2)`,
    [workspace.id, now.toString()],
  );
  return BigInt(rows[0]?.promised ?? 0);
}

function refusalOf(policy: ReturnType<CampaignsDeps['policyOf']>, short: MeterState | undefined, now: Temporal.Instant): Refusal {
  const end = short?.window_end ?? undefined;
  const wait = end === undefined ? {} : { retryAfterSeconds: Math.ceil(now.until(end).total('seconds')) };
  if (short?.workspace === PLATFORM) {
    const detail = `the e-mails that plans like ${policy.plan.name} share are used up until they reset; a plan with e-mail of its own sends now`;
    const offers = buyOffers(policy.catalog, policy, 'campaigns').filter(({ kind }) => kind === 'upgrade');
    return refuse('pool_paused', detail, { ...wait, offers });
  }
  return refuse(
    'quota_exceeded',
    `the plan’s ${short?.cap ?? 0n} e-mails are used up, or promised to campaigns that are being sent`,
    wait,
  );
}
