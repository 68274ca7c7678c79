import { isUuid, PLATFORM, type WorkspaceId } from '@purser/core';
import type { Stripe } from 'stripe';

import type { OpenParts } from './parts.ts';
import { takeEvent } from './receive-event.ts';
import { asking } from './client.ts';

/** For so long Stripe lists its events; what is older is asked for as the objects that they were about. */
const EVENT_DAYS = 30;
const PAGE = 100;
const REFUSALS_MAX = 100;

/** What one run of taking in came to. */
export interface TakenIn {
  /** Customers that were linked to their workspaces again. */
  readonly linked: number;
  readonly duplicate: number;
  readonly applied: number;
  readonly ignored: number;
  readonly refused: number;
  /** The first hundred that were refused: for each, look at it at Stripe, and refund it or give the credits as a gift. */
  readonly refusals: readonly { readonly event: string; readonly type: string; readonly why: string }[];
  readonly workspaces: readonly WorkspaceId[];
  /** Where to go on; null: everything has been asked for. */
  readonly next: string | null;
}

export interface TakeInRequest {
  readonly since: Temporal.Instant;
  /** `next` of the run before. */
  readonly after?: string | undefined;
  /** Pages of a hundred that one run asks for at most. */
  readonly pages_max: number;
}

interface Span {
  readonly gte: number;
  readonly lt?: number;
}

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly has_more: boolean;
}

type Paging = { readonly limit: number; readonly starting_after?: string };

/** What is asked for, in this order, and which events an object stands for. */
interface Step {
  readonly name: string;
  readonly list: (stripe: Stripe, span: Span, paging: Paging) => Promise<Page>;
  readonly events: (object: never, now_seconds: number) => readonly unknown[];
  /** Only for what is older than the events that Stripe still lists. */
  readonly old?: true;
}

const TAKEN = /^(?:checkout\.session|charge|refund|customer\.subscription|invoice|invoice_payment|credit_note)\./;

/** An event as Stripe would have posted it, under an id that is the object's, so that it counts once however often it is asked for. */
function standingFor(type: string, object: { readonly id: string }, created: number): unknown {
  return { id: `taken-in:${type}:${object.id}`, object: 'event', type, created, data: { object } };
}

const STEPS: readonly Step[] = [
  { name: 'customers', list: (stripe, created, paging) => stripe.customers.list({ created, ...paging }), events: () => [] },
  {
    name: 'events',
    list: (stripe, created, paging) => stripe.events.list({ created, ...paging }),
    events: (event: Stripe.Event) => (TAKEN.test(event.type) ? [event] : []),
  },
  {
    name: 'sessions',
    old: true,
    list: (stripe, created, paging) => stripe.checkout.sessions.list({ created, status: 'complete', ...paging }),
    events: (one: Stripe.Checkout.Session) => [standingFor('checkout.session.completed', one, one.created)],
  },
  {
    name: 'subscriptions',
    old: true,
    // As they are now, whatever they were: the latest picture counts.
    list: (stripe, created, paging) => stripe.subscriptions.list({ created, status: 'all', ...paging }),
    events: (one: Stripe.Subscription, now) => [
      one.status === 'canceled'
        ? standingFor('customer.subscription.deleted', one, one.ended_at ?? one.canceled_at ?? now)
        : standingFor('customer.subscription.updated', one, now),
    ],
  },
  {
    name: 'invoices',
    old: true,
    list: (stripe, created, paging) => stripe.invoices.list({ created, status: 'paid', expand: ['data.payments'], ...paging }),
    events: (one: Stripe.Invoice) => [
      standingFor('invoice.paid', one, one.status_transitions.paid_at ?? one.created),
      ...(one.payments?.data ?? []).map((payment) => standingFor('invoice_payment.paid', payment, payment.created)),
    ],
  },
  {
    name: 'charges',
    old: true,
    list: (stripe, created, paging) => stripe.charges.list({ created, expand: ['data.balance_transaction'], ...paging }),
    events: (one: Stripe.Charge) => [
      standingFor('charge.succeeded', one, one.created),
      ...(one.amount_refunded > 0 ? [standingFor('charge.refunded', one, one.created)] : []),
    ],
  },
  {
    name: 'refunds',
    old: true,
    list: (stripe, created, paging) => stripe.refunds.list({ created, ...paging }),
    events: (one: Stripe.Refund) => [standingFor('refund.updated', one, one.created)],
  },
  {
    name: 'disputes',
    old: true,
    list: (stripe, created, paging) => stripe.disputes.list({ created, ...paging }),
    events: (one: Stripe.Dispute) => [standingFor('charge.dispute.updated', one, one.created)],
  },
];

/**
 * Asks Stripe for what it told since an instant, and takes each event in through the door of the webhooks: what is known counts for
 * nothing. Bounded: a run asks for so many pages, and says where to go on. @throws Fault when Stripe does not answer.
 */
export async function takeIn(parts: OpenParts, request: TakeInRequest): Promise<TakenIn> {
  const now = parts.clock.now();
  const listed_from = now.subtract({ hours: EVENT_DAYS * 24 });
  const steps = STEPS.filter((step) => step.old !== true || Temporal.Instant.compare(request.since, listed_from) < 0);
  const run = new Run(parts, Math.floor(now.epochMilliseconds / 1000));
  const [name = '', last] = request.after?.split(' ') ?? [];
  let after = last;
  let at = Math.max(
    0,
    steps.findIndex((step) => step.name === name),
  );
  for (let pages = 0; at < steps.length; pages++) {
    const step = steps[at];
    if (step === undefined) break;
    if (pages === request.pages_max) return run.result([step.name, after].filter(Boolean).join(' '));
    const span = spanOf(step, request.since, listed_from);
    const page = await asking(
      `list its ${step.name}`,
      step.list(parts.stripe, span, { limit: PAGE, ...(after && { starting_after: after }) }),
    );
    await run.take(step, page.data);
    after = page.has_more ? page.data.at(-1)?.id : undefined;
    if (after === undefined) at += 1;
  }
  return run.result(null);
}

function spanOf(step: Step, since: Temporal.Instant, listed_from: Temporal.Instant): Span {
  const seconds = (instant: Temporal.Instant): number => Math.floor(instant.epochMilliseconds / 1000);
  if (step.old === true) return { gte: seconds(since), lt: seconds(listed_from) };
  const later = step.name === 'events' && Temporal.Instant.compare(since, listed_from) < 0 ? listed_from : since;
  return { gte: seconds(later) };
}

class Run {
  readonly #parts: OpenParts;
  readonly #now_seconds: number;
  readonly #counts = { linked: 0, duplicate: 0, applied: 0, ignored: 0, refused: 0 };
  readonly #refusals: { event: string; type: string; why: string }[] = [];
  readonly #workspaces = new Set<WorkspaceId>();

  constructor(parts: OpenParts, now_seconds: number) {
    this.#parts = parts;
    this.#now_seconds = now_seconds;
  }

  async take(step: Step, objects: Page['data']): Promise<void> {
    if (step.name === 'customers') {
      for (const customer of objects) await this.#link(customer as Stripe.Customer);
      return;
    }
    const events = objects.flatMap((object) => step.events(object as never, this.#now_seconds)) as { id: string; type: string }[];
    const known = await this.#known(events.map(({ id }) => id));
    for (const event of events) {
      const taken = known.has(event.id) ? { outcome: 'duplicate' as const } : await takeEvent(this.#parts, event);
      if (taken === undefined) continue;
      this.#counts[taken.outcome] += 1;
      if ('workspace' in taken && taken.workspace !== undefined) this.#workspaces.add(taken.workspace);
      if (taken.outcome === 'refused' && this.#refusals.length < REFUSALS_MAX) {
        this.#refusals.push({ event: event.id, type: event.type, why: taken.why ?? '' });
      }
    }
  }

  result(next: string | null): TakenIn {
    return { ...this.#counts, refusals: this.#refusals, workspaces: [...this.#workspaces], next };
  }

  async #known(ids: readonly string[]): Promise<Set<string>> {
    const { rows } = await this.#parts.pool.query<{ event_id: string }>(
      `select event_id from marketplace.event where event_id = any ($1::text[]) and outcome <> 'refused' and not (workspace_id = $2 and outcome = 'ignored')`,
      [ids, PLATFORM],
    );
    return new Set(rows.map(({ event_id }) => event_id));
  }

  /** A customer that was made for a workspace while its row was lost. */
  async #link({ id, metadata }: Stripe.Customer): Promise<void> {
    const workspace = metadata?.['purser_workspace'] as WorkspaceId | undefined;
    if (workspace === undefined || !isUuid(workspace)) return;
    if ((await this.#parts.identity.workspace(workspace)) === undefined) return;
    const { rowCount } = await this.#parts.pool.query(
      'insert into marketplace.customer (workspace_id, stripe_customer, created_at) values ($1, $2, $3) on conflict do nothing',
      [workspace, id, this.#parts.clock.now().toString()],
    );
    this.#counts.linked += rowCount ?? 0;
  }
}
