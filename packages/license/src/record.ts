import { appendAudit } from '@purser/audit';
import { assert, Fault, type WorkspaceId } from '@purser/core';
import { newId, type Queryable } from '@purser/database';
import { type License, lockLicense, setLicense } from '@purser/identity';
import type { LicenseStage } from '@purser/policy';

import { announce } from './announce.ts';
import { type LicenseRecord, type LicenseEvent, licenseOf, type PaymentKind, rankOf } from './license-of.ts';
import { WHY } from './words.ts';

/** What a payment provider says about one workspace. */
export interface PaymentEvent {
  /** The provider's own id of the event: the same again changes nothing, for ever. */
  readonly id: string;
  readonly workspace: WorkspaceId;
  readonly kind: PaymentKind;
  /** When it happened, by the provider; not when it came to be known. */
  readonly at: Temporal.Instant;
  /** The payment it is about, such as the invoice. A refund counts only when it names the payment the license stands on. */
  readonly reference: string;
  /** The subscription that the payment is of, if it is of one. */
  readonly subscription?: string;
  /** It paid for a change within what was paid for. */
  readonly adds?: boolean;
}

export interface RecordedPayment {
  /** False: this event was known. */
  readonly fresh: boolean;
  readonly before: LicenseRecord;
  readonly after: LicenseRecord;
}

/**
 * Writes down what happened to a payment and what follows for the license, in the transaction that `on` has open: license, trail
 * and announcement are done with it or not at all. Events may come late, doubled and in any order.
 * Every server knows within a second of the commit; so do the holds that are to be released.
 * @throws Fault when there is no such workspace.
 */
export function recordPayment(tx: Queryable, now: Temporal.Instant, payment: PaymentEvent): Promise<RecordedPayment> {
  const at = inMicroseconds(payment.at);
  return record(tx, now, 'payments', payment.workspace, () => ({ ...payment, at, ranked_at: rankOf(at) }));
}

/** Sets a license by hand, over all that is known of its payments until now; what they do later counts again. As `recordPayment`. */
export function setByHand(
  tx: Queryable,
  now: Temporal.Instant,
  wanted: { readonly workspace: WorkspaceId; readonly license: License; readonly actor: string },
): Promise<RecordedPayment> {
  const at = inMicroseconds(now);
  return record(tx, now, wanted.actor, wanted.workspace, (known) => ({
    id: `hand:${newId<'event'>()}`,
    kind: `set_${wanted.license}`,
    at,
    ranked_at: afterAll(known, at),
    reference: '',
  }));
}

async function record(
  tx: Queryable,
  now: Temporal.Instant,
  actor: string,
  workspace: WorkspaceId,
  eventOf: (known: readonly LicenseEvent[]) => LicenseEvent,
): Promise<RecordedPayment> {
  assert(!('totalCount' in tx), 'an event is recorded in a transaction, not on a pool');
  const locked = await lockLicense(tx, workspace);
  if (locked === undefined) throw new Fault(`there is no workspace ${workspace}`, { retryable: false });
  const before: LicenseRecord = { license: locked.license, since: locked.since };
  const known = await knownEvents(tx, workspace);
  const event = eventOf(known);
  if (known.some(({ id }) => id === event.id)) return { fresh: false, before, after: before };
  await tx.query(
    `insert into license.event (workspace_id, event_id, kind, at, ranked_at, reference, recorded_at, subscription, adds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      workspace,
      event.id,
      event.kind,
      event.at.toString(),
      event.ranked_at.toString(),
      event.reference,
      now.toString(),
      event.subscription ?? null,
      event.adds ?? false,
    ],
  );
  const after = licenseOf([...known, event], locked.created_at);
  if (!sameLicense(before, after)) await change(tx, now, { actor, workspace, event, before, after });
  return { fresh: true, before, after };
}

async function change(
  tx: Queryable,
  now: Temporal.Instant,
  what: { actor: string; workspace: WorkspaceId; event: LicenseEvent; before: LicenseRecord; after: LicenseRecord },
): Promise<void> {
  const { actor, workspace, event, before, after } = what;
  await setLicense(tx, workspace, after, now);
  await appendAudit(tx, {
    at: now,
    actor,
    workspace,
    action: 'license.change',
    subject: `workspace:${workspace}`,
    detail: { event: event.id, kind: event.kind, reference: event.reference, before: plain(before), after: plain(after) },
  });
  const announced = await tx.query<{ stage: LicenseStage }>('select stage from license.standing where workspace_id = $1', [
    workspace,
  ]);
  const from = announced.rows[0]?.stage ?? before.license;
  // How long a grace lasts is the catalog's, and the sweep's to look up: it is due at once.
  const to = after.license === 'grace' && from === 'degraded' ? from : after.license;
  await stand(tx, {
    workspace,
    stage: to,
    due_at: now,
    release: after.license === 'active' ? null : event.id,
  });
  if (from !== to) await announce(tx, { workspace, from, to, at: event.at, why: WHY[event.kind], reference: event.reference });
}

async function stand(
  tx: Queryable,
  {
    workspace,
    stage,
    due_at,
    release,
  }: { workspace: WorkspaceId; stage: LicenseStage; due_at: Temporal.Instant | null; release: string | null },
): Promise<void> {
  await tx.query(
    `insert into license.standing (workspace_id, stage, due_at, release) values ($1, $2, $3, $4)
     on conflict (workspace_id) do update set stage = excluded.stage, due_at = excluded.due_at, release = excluded.release,
       steps = case when excluded.stage = 'degraded' then standing.steps else 0 end`,
    [workspace, stage, due_at?.toString() ?? null, release],
  );
}

async function knownEvents(tx: Queryable, workspace: WorkspaceId): Promise<LicenseEvent[]> {
  const { rows } = await tx.query<LicenseEvent>(
    `select event_id as id, kind, at, ranked_at, reference, adds, coalesce(e.subscription, case when kind = 'ended' and b.subscription is not null then reference else b.subscription end) as subscription
     from license.event e left join license.earlier_subscription b using (workspace_id) where workspace_id = $1`,
    [workspace],
  );
  return rows;
}

function afterAll(known: readonly LicenseEvent[], at: Temporal.Instant): Temporal.Instant {
  return known.reduce(
    (last, { ranked_at }) => (Temporal.Instant.compare(ranked_at, last) < 0 ? last : ranked_at.add({ microseconds: 1 })),
    at,
  );
}

/** As Postgres keeps it: what is read again must be what was reckoned with. */
function inMicroseconds(at: Temporal.Instant): Temporal.Instant {
  return at.round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
}

function sameLicense(one: LicenseRecord, other: LicenseRecord): boolean {
  return one.license === other.license && Temporal.Instant.compare(one.since, other.since) === 0;
}

function plain({ license, since }: LicenseRecord): { license: string; since: string } {
  return { license, since: since.toString() };
}
