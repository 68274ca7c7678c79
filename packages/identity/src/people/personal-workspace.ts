import { type Clock, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';

import { insertWorkspace } from '../create-workspace.ts';
import { freePlan, type Offering } from '../terms.ts';
import { refuseTimezone } from '../timezone.ts';
import { WITHOUT_GRANT } from '../withheld-grant.ts';
import { addressBlock } from './address-block.ts';
import { keyedHash } from './shared-secret.ts';
import type { RecordAuditEvent } from './audit-event.ts';
import { countAttempts, type LimitedAttempt, usedUp } from './limited-attempts.ts';

/** From where somebody starts. */
export interface Origin {
  readonly address: string;
  /** What the device's own cookie says. */
  readonly device: string;
}

export interface PersonalParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly offering: () => Offering;
  readonly record: RecordAuditEvent;
  readonly naming: Buffer;
  /** Free starts without a mailbox, from one address in 30 days; with one, four times as many. */
  readonly starts_per_address: number;
}

export type Start = 'anonymous' | 'proven';

const PER_PROVEN = 4;
const ADDRESS_WITHIN = Temporal.Duration.from({ hours: 30 * 24 });
/** As long as a browser keeps a cookie at all. */
export const DEVICE_WITHIN = Temporal.Duration.from({ hours: 400 * 24 });

/** Whether a start without a mailbox would be refused now, before anything is made for it. */
export async function refuseStart(parts: PersonalParts, origin: Origin): Promise<Refusal | undefined> {
  if (freePlan(parts.offering()) === undefined)
    return refuse('forbidden', 'no plan here is free; sign in by email or with an API key');
  const used = await usedUp(parts.pool, startsOf(parts, 'anonymous', origin), parts.clock.now());
  return used && NO_SECOND_START;
}

const NO_SECOND_START = refuse(
  'limit_reached',
  'the free starts of this device or address are used up; sign in by email to continue',
);

/**
 * The workspace of a person that has none, with the free plan's grant if this device and address have one left. Without it a
 * proven mailbox still gets its workspace, and credits when it buys some; who proved nothing is refused `limit_reached`.
 */
export async function startPersonalWorkspace(
  parts: PersonalParts,
  person_id: string,
  start: Start,
  origin: Origin,
  timezone: string | undefined,
): Promise<WorkspaceId | Refusal | undefined> {
  const offering = parts.offering();
  const plan = freePlan(offering);
  if (plan === undefined) return undefined;
  const now = parts.clock.now();
  return transaction(parts.pool, async (connection) => {
    const already = await lockPerson(connection, person_id);
    if (already !== undefined) return already;
    const used = await countAttempts(connection, startsOf(parts, start, origin), now);
    if (used && start === 'anonymous') return NO_SECOND_START;
    const workspace = await insertWorkspace(connection, offering, now, {
      name: 'Personal',
      plan: plan.code,
      ...(timezone !== undefined && refuseTimezone(timezone) === undefined && { timezone }),
      ...(used && { overrides: WITHOUT_GRANT }),
    });
    if ('refused' in workspace) return workspace;
    await connection.query(
      `insert into identity.member (workspace_id, person_id, role, joined_at) values ($1, $2, 'owner', $3)`,
      [workspace.id, person_id, now.toString()],
    );
    await parts.record(connection, {
      actor: `person:${person_id}`,
      workspace: workspace.id,
      action: 'workspace.start',
      subject: `workspace:${workspace.id}`,
      detail: { plan: plan.code, start, grant: used === undefined },
    });
    return workspace.id;
  });
}

/** Two requests of one person start one workspace: the second finds what the first has made. */
async function lockPerson(connection: Connection, person_id: string): Promise<WorkspaceId | undefined> {
  await connection.query('select 1 from identity.person where id = $1 for update', [person_id]);
  const { rows } = await connection.query<{ workspace_id: WorkspaceId }>(
    `select workspace_id from identity.member where person_id = $1 and role <> 'operator' limit 1`,
    [person_id],
  );
  return rows[0]?.workspace_id;
}

function startsOf({ naming, starts_per_address }: PersonalParts, start: Start, { address, device }: Origin): LimitedAttempt[] {
  const max = start === 'proven' ? starts_per_address * PER_PROVEN : starts_per_address;
  return [
    { kind: 'start_address', source: keyedHash(naming, `address ${addressBlock(address)}`), max, within: ADDRESS_WITHIN },
    { kind: 'start_device', source: keyedHash(naming, `device ${device}`), max: 1, within: DEVICE_WITHIN },
  ];
}
