import { unreachable } from '@purser/base';
import type { License } from '@purser/identity';

/** What a payment provider tells: a payment failed or succeeded, a subscription ended, a payment was given back. */
export type PaymentKind = 'failed' | 'paid' | 'ended' | 'refunded';

/** What was said about a workspace's payments, by its payment provider or by hand. */
export interface LicenceEvent {
  readonly id: string;
  readonly kind: PaymentKind | `set_${License}`;
  /** When it happened, by whoever says so. */
  readonly at: Temporal.Instant;
  /** Its place among the others. */
  readonly ranked_at: Temporal.Instant;
  /** The payment it is about. */
  readonly reference: string;
}

export interface Licence {
  readonly license: License;
  readonly since: Temporal.Instant;
}

/** Within one moment, which payment providers count in whole seconds: what was set by hand was set knowing all the rest. */
const ORDER: readonly LicenceEvent['kind'][] = [
  'ended',
  'paid',
  'refunded',
  'failed',
  'set_active',
  'set_grace',
  'set_cancelled',
];

/**
 * The licence that follows from all events there are, whatever the order in which they came to be known and however often.
 * Without any it is active since `created_at`. The stages of a grace are the policy's, by the time that has passed since.
 */
export function licenceOf(events: readonly LicenceEvent[], created_at: Temporal.Instant): Licence {
  let licence: Licence = { license: 'active', since: created_at };
  /** The payment the licence stands on: only giving back this one takes anything away. */
  let paidBy: string | undefined;
  let paidAt: Temporal.Instant | undefined;
  const become = (license: License, { at }: LicenceEvent): void => {
    // Said again it keeps its date: a second failure does not lengthen the grace.
    if (license !== licence.license) licence = { license, since: at };
  };
  for (const event of events.toSorted(byRank)) {
    switch (event.kind) {
      case 'failed':
        // Tried twice within one moment: what was paid in it was paid at last.
        if (event.reference === paidBy && paidAt && Temporal.Instant.compare(event.ranked_at, paidAt) === 0) break;
        if (licence.license === 'active') become('grace', event);
        break;
      case 'paid':
        paidBy = event.reference;
        paidAt = event.ranked_at;
        become('active', event);
        break;
      case 'refunded':
        if (event.reference !== paidBy) break;
        paidBy = undefined;
        if (licence.license === 'active') become('grace', event);
        break;
      case 'ended':
      case 'set_cancelled':
        become('cancelled', event);
        break;
      case 'set_active':
        become('active', event);
        break;
      case 'set_grace':
        become('grace', event);
        break;
      default:
        unreachable(event.kind);
    }
  }
  return licence;
}

function byRank(one: LicenceEvent, other: LicenceEvent): number {
  return (
    Temporal.Instant.compare(one.ranked_at, other.ranked_at) ||
    ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind) ||
    (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)
  );
}

/**
 * The place of a payment among the others. A time in whole seconds, as payment providers give it, is any moment of that second:
 * it counts as its end, so that a payment is not taken for older than what was set by hand just before it.
 */
export function rankOf(at: Temporal.Instant): Temporal.Instant {
  return at.epochNanoseconds % 1_000_000_000n === 0n ? at.add({ microseconds: 999_999 }) : at;
}
