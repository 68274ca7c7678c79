import { appendAudit } from '@purser/audit';
import { assert, PLATFORM, type Refusal, refuse, unreachable, type WorkspaceId } from '@purser/core';
import { type Connection, toPostgresJson, transaction } from '@purser/database';
import type { Policy } from '@purser/policy';
import { lockTerms } from '@purser/terms';
import { z } from 'zod';

import { applyInvoice, notePayment, settleReversals } from './apply-invoice.ts';
import { applyPaid } from './apply-paid.ts';
import { applyCharge, applyCreditNote, applyReversal } from './apply-reversal.ts';
import { applySubscription } from './apply-subscription.ts';
import { SECONDS_MAX } from './event-subscription.ts';
import { readEvent, type Saying, type StripeEvent } from './event.ts';
import type { MarketplaceParts } from './parts.ts';
import { settleTerms } from './settle-terms.ts';
import type { Verdict } from './verdict.ts';

/** - `applied`: it changed something. - `kept`: it is known now, and changes nothing. - `refused`: it does not fit what we know. - `known`: it came before. */
export type Received = { readonly outcome: Verdict['outcome'] | 'known'; readonly workspace?: WorkspaceId };

/**
 * Takes in what Stripe posted: signed by it, within its own tolerance, and never seen before. Event and consequences are one transaction, so
 * that after a crash Stripe's next delivery finds nothing half done. @throws when the database is away: then Stripe tries again.
 */
export async function receiveEvent(
  parts: MarketplaceParts,
  body: Buffer,
  signature: string | undefined,
): Promise<Received | Refusal> {
  const { webhook_secret } = parts.settings;
  if (webhook_secret === undefined) return refuse('not_configured', 'webhooks are off: STRIPE_WEBHOOK_SECRET is not set');
  const { Stripe } = await import('stripe');
  let payload: unknown;
  try {
    payload = Stripe.webhooks.constructEvent(body, signature ?? '', webhook_secret);
  } catch {
    return refuse('invalid_request', 'the signature of this event is not valid, or it is too old');
  }
  return (await takeEvent(parts, payload)) ?? refuse('invalid_request', 'this is signed, and no event');
}

/** The one way in for an event that is known to be Stripe's, posted or asked for; undefined when it is none. */
export async function takeEvent(parts: MarketplaceParts, payload: unknown): Promise<TakenEvent | undefined> {
  // What could not be kept would be sent again for three days.
  const event = read(JSON.parse(toPostgresJson(payload)));
  return event && apply(parts, event);
}

/** `why`: of one that was refused. */
export type TakenEvent = Received & { readonly why?: string };

interface ReadEvent extends StripeEvent {
  /** Why its object could not be understood. */
  readonly unreadable?: string;
}

function read(payload: unknown): ReadEvent | undefined {
  try {
    return readEvent(payload);
  } catch (error) {
    const head = z
      .object({ id: z.string().min(1).max(200), type: z.string().max(200), created: z.int().min(0).max(SECONDS_MAX) })
      .safeParse(payload);
    if (!head.success) return undefined;
    const { id, type, created } = head.data;
    const unreadable = error instanceof z.ZodError ? z.prettifyError(error) : 'its amount is no money';
    const at = Temporal.Instant.fromEpochMilliseconds(created * 1000);
    return { id, type, at, customer: undefined, payload, saying: undefined, unreadable: unreadable.slice(0, 500) };
  }
}

async function apply(parts: MarketplaceParts, event: ReadEvent): Promise<TakenEvent> {
  const { pool, clock, log } = parts;
  const now = clock.now();
  // Before the transaction, because it asks on connections of its own.
  const owner = await ownerOf(parts, event, now);
  const { workspace } = owner;
  const received = await transaction(pool, async (connection): Promise<Received & { detail?: string }> => {
    const { known, refused } = await claim(connection, event, workspace, now);
    if (known) return { outcome: 'known' };
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
        subject: `stripe:${event.id}`,
        detail: {
          type: event.type,
          why: verdict.detail ?? '',
          text: `${event.id} (${event.type}) was not taken in: ${verdict.detail ?? ''}. When what it says is mended, let Stripe send it again.`,
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
  event: StripeEvent,
  workspace: WorkspaceId | undefined,
  now: Temporal.Instant,
): Promise<Claim> {
  const { rows: made } = await connection.query(
    `insert into marketplace.event (event_id, workspace_id, type, created_at, received_at, outcome, payload)
     values ($1, $2, $3, $4, $5, 'kept', $6) on conflict (event_id) do nothing returning event_id`,
    [event.id, workspace ?? PLATFORM, event.type, event.at.toString(), now.toString(), JSON.stringify(event.payload)],
  );
  if (made.length > 0) return { known: false };
  const { rows } = await connection.query<{ owner: string; outcome: string; detail: string | null }>(
    'select workspace_id as owner, outcome, detail from marketplace.event where event_id = $1 for update',
    [event.id],
  );
  const [row] = rows;
  assert(row, 'an event that was not new is there');
  const owned_now = row.outcome === 'kept' && row.owner === PLATFORM && workspace !== undefined;
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
  parts: MarketplaceParts,
  event: ReadEvent,
  owner: Owner,
): Promise<Verdict> {
  const { saying } = event;
  if (event.unreadable !== undefined) return { outcome: 'refused', detail: event.unreadable };
  if (saying === undefined) return { outcome: 'kept' };
  // Before anything else of the workspace, in the order of everybody who changes terms: what comes of one workspace at once waits here.
  if (owner.workspace !== undefined) await lockTerms(connection, owner.workspace);
  // What two events say of one payment is put together one after the other, whichever comes first. A payment goes before its invoice.
  for (const name of namesOf(saying)) {
    await connection.query('select pg_advisory_xact_lock(hashtextextended($1, 4780))', [name]);
  }
  switch (saying.is) {
    case 'paid':
      return applyPaid(connection, now, event, saying, owner.policy);
    case 'reversal':
      return applyReversal(connection, now, parts, event, saying, owner.policy);
    case 'charge':
      return applyCharge(connection, now, parts, event, saying, owner.policy);
    case 'credit_note':
      return applyCreditNote(connection, now, parts, event, saying);
    case 'subscription':
      return applySubscription(connection, now, parts, event, saying, owner.workspace);
    case 'invoice':
      return applyInvoice(connection, now, parts, event, saying, owner.workspace);
    case 'invoice_payment': {
      await notePayment(connection, saying.invoice, saying.payment);
      const workspace = await settleReversals(connection, now, parts, saying.invoice, event.at);
      if (workspace !== undefined) await settleTerms(connection, now, parts, workspace);
      return { outcome: 'applied' };
    }
    default:
      return unreachable(saying);
  }
}

function namesOf(saying: Saying): string[] {
  if (saying.is === 'subscription') return [saying.subscription];
  const payment = 'payment' in saying && saying.payment !== undefined ? [saying.payment] : [];
  return 'invoice' in saying ? [...payment, saying.invoice] : payment;
}

interface Owner {
  readonly workspace: WorkspaceId | undefined;
  readonly policy: Policy | undefined;
}

/** Whose event it is, as far as our own rows say; what the event itself claims is checked later. */
async function ownerOf(
  { pool, identity, policyOf }: MarketplaceParts,
  event: StripeEvent,
  now: Temporal.Instant,
): Promise<Owner> {
  const { saying, customer } = event;
  const payment = saying !== undefined && 'payment' in saying ? saying.payment : undefined;
  const invoice = saying !== undefined && 'invoice' in saying ? saying.invoice : undefined;
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    `select workspace_id from marketplace.checkout where checkout_id = $1
     union all select workspace_id from marketplace.purchase where payment_intent = $2
     union all select workspace_id from marketplace.invoice where invoice_id = $3
       or invoice_id = (select invoice_id from marketplace.invoice_payment where payment_intent = $2)
     union all select workspace_id from marketplace.customer where stripe_customer = $4 limit 1`,
    [saying?.is === 'paid' ? saying.checkout : null, payment ?? null, invoice ?? null, customer ?? null],
  );
  const id = rows[0]?.workspace_id;
  if (id === undefined || saying === undefined) return { workspace: id, policy: undefined };
  const workspace = await identity.workspace(id);
  assert(workspace, `workspace ${id} has a checkout and is not there`);
  return { workspace: id, policy: await policyOf(workspace, now) };
}
