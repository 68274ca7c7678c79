/** What stands against a payment: what came back of it, or is disputed. Amounts are nano-units of its currency. */
export interface Reversal {
  /** Told apart where several paid one invoice; empty: of none, but of the whole. */
  readonly payment: string;
  readonly kind: 'charge' | 'refund' | 'dispute';
  readonly amount: bigint;
  readonly fee: bigint;
  readonly state: 'open' | 'failed' | 'won' | 'lost';
}

/**
 * How much of a payment is gone, from all that is known: a pure function, so that no order of events matters. A provider tells a refund
 * twice, as an object of its own and as the charge's running total; the larger of the two counts, less what failed. What several payments
 * paid together has lost what each of them has.
 */
export function reversedOf(reversals: readonly Reversal[], paid: bigint): bigint {
  const by_payment = [...Map.groupBy(reversals, ({ payment }) => payment).values()];
  const gone = by_payment.reduce((total, own) => total + reversedOfOne(own), 0n);
  return gone > paid ? paid : gone;
}

function reversedOfOne(reversals: readonly Reversal[]): bigint {
  const sum = (of: readonly Reversal[]): bigint => of.reduce((total, { amount }) => total + amount, 0n);
  const refunds = reversals.filter(({ kind }) => kind === 'refund');
  const single = sum(refunds.filter(({ state }) => state !== 'failed'));
  const running = sum(reversals.filter(({ kind }) => kind === 'charge')) - sum(refunds.filter(({ state }) => state === 'failed'));
  const disputed = sum(reversals.filter(({ kind, state }) => kind === 'dispute' && state !== 'won'));
  return (single > running ? single : running) + disputed;
}

/** What the payment service took for disputes: it keeps that whoever wins. */
export function reversalFees(reversals: readonly Reversal[]): bigint {
  return reversals.reduce((total, { fee }) => total + fee, 0n);
}

/** Of a whole that was paid for, the part that still is: what was taken back is rounded down, in the buyer's favour. */
export function stillPaidFor(whole: bigint, reversed: bigint, paid: bigint): bigint {
  return whole - (whole * reversed) / paid;
}

/** What a purchase raises the ceiling by as it was paid, and what of its money stays. Amounts are nano-units of its currency. */
export interface Raise {
  readonly ceiling_raise: bigint;
  readonly paid: bigint;
  readonly fees: bigint;
  readonly reversed: bigint;
  readonly reversal_fees: bigint;
}

/** What margin and fees leave of the money that is still there: of what goes back no fee does, and a dispute costs more, whoever wins it. */
export function raiseLeft({ ceiling_raise, paid, fees, reversed, reversal_fees }: Raise): bigint {
  if (reversed === 0n && reversal_fees === 0n) return ceiling_raise;
  const left = ((ceiling_raise + fees) * (paid - reversed)) / paid - fees - reversal_fees;
  return left < 0n ? 0n : left < ceiling_raise ? left : ceiling_raise;
}

/** Where the credits of one purchase are. */
export interface Whereabouts {
  /** What its buyer may have of them now. */
  readonly entitled: bigint;
  /** Spent, held or free, in all of its grants. */
  readonly spent: bigint;
  readonly held: bigint;
  readonly free: bigint;
  /** Taken back so far, and given again so far. */
  readonly taken: bigint;
  readonly restored: bigint;
  /** Used to pay what an older purchase owed. */
  readonly repaid: bigint;
  /** Of what this one owed, paid by later ones. */
  readonly owed_paid: bigint;
}

/** What there is to do about it. */
export interface Settlement {
  readonly take: bigint;
  readonly restore: bigint;
  /** In all, `owed_paid` included. */
  readonly owed: bigint;
}

/**
 * A buyer who has more than is paid for gives back what is free, and owes the rest; one who has less gets back what was taken, and
 * no more than that: credits that lapsed by time stay lapsed.
 */
export function settlementOf(where: Whereabouts): Settlement {
  const has = where.spent + where.held + where.free + where.repaid - where.owed_paid;
  const excess = has - where.entitled;
  if (excess > 0n) {
    const take = excess < where.free ? excess : where.free;
    return { take, restore: 0n, owed: where.owed_paid + excess - take };
  }
  const owing = where.taken - where.restored + where.owed_paid;
  return { take: 0n, restore: -excess < owing ? -excess : owing, owed: where.owed_paid };
}
