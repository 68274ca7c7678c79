import { appendAudit } from '@purser/audit';
import { assert, PLATFORM, unreachable, type WorkspaceId } from '@purser/core';
import { type Connection, transaction } from '@purser/database';
import type { Policy } from '@purser/policy';
import { lockTerms } from '@purser/terms';

import { type PaymentAction, type PaymentEvent, providerReference } from '../payment-action.ts';
import { applyInvoice, notePayment, settleReversals } from './apply-invoice.ts';
import { applyPaid } from './apply-paid.ts';
import { applyCharge, applyCreditNote, applyReversal } from './apply-reversal.ts';
import { applySubscription } from './apply-subscription.ts';
import type { EffectParts } from './parts.ts';
import { settleTerms } from './settle-terms.ts';
import { keepToldFees } from './told-fees.ts';
import type { Verdict } from './verdict.ts';

/** What came of an event. */
export interface AppliedEvent {
  readonly outcome: Verdict['outcome'] | 'duplicate';
  /** Whose event it is. */
  readonly workspace?: WorkspaceId;
  /** Of one that was refused. */
  readonly why?: string;
}

/** An event and everything that follows from it, in one transaction; one that came before changes nothing. @throws when the database is away. */
export async function applyEvent(parts: EffectParts, event: PaymentEvent): Promise<AppliedEvent> {
  const { pool, clock, log } = parts;
  const now = clock.now();
  // Before the transaction, because it asks on connections of its own.
  const owner = await ownerOf(parts, event, now);
  const { workspace } = owner;
  const received = await transaction(pool, async (connection): Promise<Verdict | { readonly outcome: 'duplicate' }> => {
    const { known, refused } = await claim(connection, event, workspace, now);
    if (known) return { outcome: 'duplicate' };
    const verdict = await consequences(connection, now, parts, event, owner);
    await connection.query('update marketplace.event set outcome = $2, detail = $3 where event_id = $1', [
      event.id,
      verdict.outcome,
      verdict.detail ?? null,
    ]);
    if (verdict.outcome === 'refused' && refused !== verdict.detail) {
      await appendAudit(connection, {
        at: now,
        actor: 'payments',
        workspace: workspace ?? null,
        action: 'payment.refused',
        subject: providerReference(event.id),
        detail: {
          type: event.type,
          why: verdict.detail ?? '',
          text: `${event.id} (${event.type}) was not taken in: ${verdict.detail ?? ''}. When what it says is mended, let the payment provider send it again.`,
        },
      });
    }
    await parts.pause?.('before_commit');
    return verdict;
  });
  if (received.outcome === 'refused') {
    log.warn(
      { event: event.id, type: event.type, why: received.detail },
      'a payment event contradicts what is recorded; nothing was granted',
    );
  }
  return {
    outcome: received.outcome,
    ...(workspace !== undefined && { workspace }),
    ...(received.outcome === 'refused' && { why: received.detail ?? '' }),
  };
}

interface Claim {
  /** It was taken in before. */
  readonly known: boolean;
  /** Why it was refused before. */
  readonly refused?: string;
}

/**
 * Who comes at the same time waits here for the first. What nobody was known for then counts when somebody is; what was refused changed nothing, and
 * is judged again when it is told again: the plan that it names may be for sale since.
 */
async function claim(
  connection: Connection,
  event: PaymentEvent,
  workspace: WorkspaceId | undefined,
  now: Temporal.Instant,
): Promise<Claim> {
  const { rows: made } = await connection.query(
    `insert into marketplace.event (event_id, workspace_id, type, created_at, received_at, outcome, payload)
     values ($1, $2, $3, $4, $5, 'ignored', $6) on conflict (event_id) do nothing returning event_id`,
    [event.id, workspace ?? PLATFORM, event.type, event.at.toString(), now.toString(), JSON.stringify(event.payload)],
  );
  if (made.length > 0) return { known: false };
  const { rows } = await connection.query<{ owner: string; outcome: string; detail: string | null }>(
    'select workspace_id as owner, outcome, detail from marketplace.event where event_id = $1 for update',
    [event.id],
  );
  const [row] = rows;
  assert(row, 'an event that was not new is there');
  const owned_now = row.outcome === 'ignored' && row.owner === PLATFORM && workspace !== undefined;
  if (row.outcome !== 'refused' && !owned_now) return { known: true };
  await connection.query('update marketplace.event set workspace_id = $2, received_at = $3 where event_id = $1', [
    event.id,
    workspace ?? row.owner,
    now.toString(),
  ]);
  return { known: false, ...(row.outcome === 'refused' && { refused: row.detail ?? '' }) };
}

async function consequences(
  connection: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  owner: Owner,
): Promise<Verdict> {
  const { action } = event;
  await keepToldFees(connection, event.fees);
  if (event.unreadable !== undefined) return { outcome: 'refused', detail: event.unreadable };
  if (action === undefined) return { outcome: 'ignored' };
  // Before anything else of the workspace, in the order of everybody who changes terms: what comes of one workspace at once waits here.
  if (owner.workspace !== undefined) await lockTerms(connection, owner.workspace);
  // What two events say of one payment is put together one after the other, whichever comes first. A payment goes before its invoice.
  for (const name of namesOf(action)) {
    await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 4780))', [name]);
  }
  switch (action.kind) {
    case 'pack_paid':
      return applyPaid(connection, now, event, action, owner.policy);
    case 'reversal':
      return applyReversal(connection, now, parts, event, action, owner.policy);
    case 'charge':
      return applyCharge(connection, now, parts, event, action, owner.policy);
    case 'credit_note':
      return applyCreditNote(connection, now, parts, event, action);
    case 'subscription':
      return applySubscription(connection, now, parts, event, action, owner.workspace);
    case 'invoice':
      return applyInvoice(connection, now, parts, event, action, owner.workspace);
    case 'invoice_payment': {
      await notePayment(connection, action.invoice, action.payment);
      const workspace = await settleReversals(connection, now, parts, action.invoice, event.at);
      if (workspace !== undefined) await settleTerms(connection, now, parts, workspace);
      return { outcome: 'applied' };
    }
    default:
      return unreachable(action);
  }
}

function namesOf(action: PaymentAction): string[] {
  if (action.kind === 'subscription') return [action.subscription];
  const payment = 'payment' in action && action.payment !== undefined ? [action.payment] : [];
  return 'invoice' in action ? [...payment, action.invoice] : payment;
}

interface Owner {
  readonly workspace: WorkspaceId | undefined;
  readonly policy: Policy | undefined;
}

/** Whose event it is, as far as our own rows say; what the event itself claims is checked later. */
async function ownerOf({ pool, identity, policyOf }: EffectParts, event: PaymentEvent, now: Temporal.Instant): Promise<Owner> {
  const { action, customer } = event;
  const payment = action !== undefined && 'payment' in action ? action.payment : undefined;
  const invoice = action !== undefined && 'invoice' in action ? action.invoice : undefined;
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    `select workspace_id from marketplace.checkout where checkout_id = $1
     union all select workspace_id from marketplace.purchase where payment_intent = $2
     union all select workspace_id from marketplace.invoice where invoice_id = $3
       or invoice_id = (select invoice_id from marketplace.invoice_payment where payment_intent = $2)
     union all select workspace_id from marketplace.customer where stripe_customer = $4 limit 1`,
    [action?.kind === 'pack_paid' ? action.checkout : null, payment ?? null, invoice ?? null, customer ?? null],
  );
  const id = rows[0]?.workspace_id;
  if (id === undefined || action === undefined) return { workspace: id, policy: undefined };
  const workspace = await identity.workspace(id);
  assert(workspace, `workspace ${id} has a checkout and is not there`);
  return { workspace: id, policy: await policyOf(workspace, now) };
}
