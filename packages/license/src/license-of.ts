import { unreachable } from '@purser/core';
import type { License } from '@purser/identity';

/**
 * What a payment provider tells: a payment failed or succeeded, a subscription ended, rests or goes on, a payment was given back; what had failed is
 * owed no more, though nobody paid it (`excused`).
 */
export type PaymentKind = 'failed' | 'excused' | 'paid' | 'ended' | 'paused' | 'resumed' | 'refunded';

/** What was said about a workspace's payments, by its payment provider or by hand. */
export interface LicenseEvent {
  readonly id: string;
  readonly kind: PaymentKind | `set_${License}`;
  /** When it happened, by whoever says so. */
  readonly at: Temporal.Instant;
  /** Its place among the others. */
  readonly ranked_at: Temporal.Instant;
  /** The payment it is about. */
  readonly reference: string;
  /** The subscription it is about; absent where payments are none of one. */
  readonly subscription?: string | null;
  /** Paid for a change within what was paid for: what stood before goes on to stand. */
  readonly adds?: boolean;
}

export interface LicenseRecord {
  readonly license: License;
  readonly since: Temporal.Instant;
}

/** Within one moment, which payment providers count in whole seconds: what was set by hand was set knowing all the rest. */
const ORDER: readonly LicenseEvent['kind'][] = [
  'ended',
  'resumed',
  'paid',
  'refunded',
  'failed',
  'excused',
  'paused',
  'set_active',
  'set_grace',
  'set_cancelled',
];

/** One subscription, as far as its payments say. */
interface Paying {
  /** `unpaid`: nothing was ever paid for it, so that there is nothing to lose. */
  status: 'unpaid' | 'good' | 'owing' | 'ended';
  /** What failed or went back since it was good. */
  readonly owes: Set<string>;
  paused: boolean;
  /** The payments it stands on, and when they were made: the last for a period, and those for changes since. Only giving back all takes anything away. */
  readonly stands_on: Map<string, Temporal.Instant>;
}

/**
 * The license that follows from all events there are, whatever the order in which they came to be known and however often.
 * Without any it is active since `created_at`. It stands on the best of the subscriptions that live: one that has ended comes back by no
 * payment, and one that never paid has nothing to lose. The stages of a grace are the policy's, by the time that has passed since.
 */
export function licenseOf(events: readonly LicenseEvent[], created_at: Temporal.Instant): LicenseRecord {
  let record: LicenseRecord = { license: 'active', since: created_at };
  const subscriptions = new Map<string, Paying>();
  const become = (license: License, { at }: LicenseEvent): void => {
    // Said again it keeps its date: a second failure does not lengthen the grace.
    if (license !== record.license) record = { license, since: at };
  };
  for (const event of events.toSorted(byRank)) {
    switch (event.kind) {
      case 'failed':
      case 'excused':
      case 'paid':
      case 'ended':
      case 'paused':
      case 'resumed':
      case 'refunded':
        if (tell(payingOf(subscriptions, event), event)) {
          const license = bestOf(subscriptions);
          // What takes away takes from what is active alone: an end stays an end, and what was set by hand is no better for it.
          if (record.license === 'active' || license === 'active' || event.kind === 'ended') become(license, event);
        }
        break;
      case 'set_cancelled':
        become('cancelled', event);
        break;
      case 'set_active':
        forgive(subscriptions);
        become('active', event);
        break;
      case 'set_grace':
        become('grace', event);
        break;
      default:
        unreachable(event.kind);
    }
  }
  return record;
}

/** Payments that are of no subscription belong to what was agreed, which is good until it is told otherwise. */
function payingOf(subscriptions: Map<string, Paying>, { subscription }: LicenseEvent): Paying {
  const id = subscription ?? '';
  const found = subscriptions.get(id) ?? {
    status: id === '' ? 'good' : 'unpaid',
    owes: new Set<string>(),
    paused: false,
    stands_on: new Map<string, Temporal.Instant>(),
  };
  subscriptions.set(id, found);
  return found;
}

/** Takes in what is told of one subscription; false: nothing follows from it. */
function tell(of: Paying, event: LicenseEvent): boolean {
  const { status } = of;
  switch (event.kind) {
    case 'paid':
      if (status === 'ended' && event.subscription) return false;
      of.owes.clear();
      if (event.adds !== true || status !== 'good') of.stands_on.clear();
      of.stands_on.set(event.reference, event.ranked_at);
      of.status = 'good';
      return true;
    case 'failed':
      // Tried twice within one moment: what was paid in it was paid at last.
      if (of.stands_on.get(event.reference)?.equals(event.ranked_at) === true) return false;
      if (status === 'good') of.status = 'owing';
      if (of.status === 'owing') of.owes.add(event.reference);
      return status === 'good';
    case 'excused':
      return excuse(of, event);
    case 'refunded':
      if (!of.stands_on.delete(event.reference) || of.stands_on.size > 0) return false;
      if (status === 'good') of.status = 'owing';
      of.owes.add(GIVEN_BACK);
      return status === 'good';
    case 'ended':
      of.status = 'ended';
      return status !== 'unpaid' || of.paused;
    case 'paused':
    case 'resumed':
      of.paused = event.kind === 'paused';
      return status !== 'ended';
    case 'set_active':
    case 'set_grace':
    case 'set_cancelled':
      return false;
    default:
      return unreachable(event.kind);
  }
}

/** No excuse makes good what was given back. */
const GIVEN_BACK = '';

/** An invoice that was called off is owed no more; a subscription that is told to be in order again owes none. */
function excuse(of: Paying, { reference, subscription }: LicenseEvent): boolean {
  for (const owed of of.owes) if (owed !== GIVEN_BACK && (owed === reference || reference === subscription)) of.owes.delete(owed);
  const over = of.status === 'owing' && of.owes.size === 0;
  if (over) of.status = 'good';
  return over;
}

/** Set by hand knowing what they owe: only what they do later counts again. One that has ended has. */
function forgive(subscriptions: ReadonlyMap<string, Paying>): void {
  for (const [id, of] of subscriptions) {
    of.paused = false;
    of.owes.clear();
    if (of.status === 'owing' || id === '') of.status = 'good';
  }
}

/** The license that the best of them gives; one that rests serves nobody, paid or not. */
function bestOf(subscriptions: ReadonlyMap<string, Paying>): License {
  const all = [...subscriptions.values()].filter(({ status, paused }) => status !== 'unpaid' || paused);
  if (all.length === 0 || all.some(({ status, paused }) => status === 'good' && !paused)) return 'active';
  return all.some(({ status }) => status !== 'ended') ? 'grace' : 'cancelled';
}

function byRank(one: LicenseEvent, other: LicenseEvent): number {
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
