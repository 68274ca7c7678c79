/** How Stripe writes its objects: as today, as before 2025 (periods and payments at the top), or with hardly anything in them. */
export type Shape = 'current' | 'old' | 'sparse';

/** How a change within a period is charged: by an invoice at once, with the next one, or not at all. */
export type Proration = 'at_once' | 'next' | 'none';

/** What the dunning of a subscription comes to when every retry has failed. */
export type DunningEnd = 'canceled' | 'unpaid' | 'past_due' | 'uncollectible';

/** Something that a customer, its bank or the operator at Stripe does. */
export type AuditEvent =
  | { readonly is: 'change'; readonly plan?: string; readonly quantity?: number; readonly how: Proration; readonly paid: boolean }
  | { readonly is: 'interval'; readonly yearly: boolean; readonly paid: boolean }
  | { readonly is: 'card' }
  /** The card fails from now on: the retry (1 to 3) that succeeds, or none. */
  | { readonly is: 'fails'; readonly until: number | 'never'; readonly end: DunningEnd }
  | { readonly is: 'pause_collection'; readonly as: 'keep_as_draft' | 'mark_uncollectible' | 'void' }
  | { readonly is: 'resume_collection' }
  | { readonly is: 'pause' }
  | { readonly is: 'resume' }
  | { readonly is: 'cancel' }
  | { readonly is: 'cancel_at_end' }
  | { readonly is: 'return' }
  | { readonly is: 'second' }
  /** `fails_after`: days until its money comes back. */
  | { readonly is: 'refund'; readonly percent: number; readonly fails_after?: number }
  | {
      readonly is: 'dispute';
      readonly foreign: boolean;
      readonly result: 'won' | 'lost' | 'open';
      readonly after: number;
      readonly fee: number;
    }
  | { readonly is: 'credit_note'; readonly percent: number; readonly to: 'balance' | 'refund' }
  /** A customer balance that nobody paid for. */
  | { readonly is: 'gift_balance'; readonly amount: number }
  /** What is still open is paid, whatever became of the subscription. */
  | { readonly is: 'pay_open' }
  | { readonly is: 'uncollectible' };

export interface Coupon {
  readonly percent?: number;
  /** In the smallest coin. */
  readonly amount?: number;
  /** Of how many invoices. */
  readonly invoices: number;
}

/** The life of a paying customer, as data: the same data is the same life. Days and hours count from the first hour of all lives. */
export interface Life {
  readonly begins_day: number;
  readonly begins_second: number;
  /** How long the workspace was there before. */
  readonly age_days: number;
  readonly months: number;
  readonly plan: string;
  readonly shape: Shape;
  readonly yearly: boolean;
  readonly quantity: number;
  readonly currency: string | undefined;
  readonly tax: { readonly percent: number; readonly inclusive: boolean } | undefined;
  readonly coupon: Coupon | undefined;
  readonly trial_days: number;
  /** Invoices are sent: days until they are paid; undefined: a card is charged. */
  readonly sent: { readonly paid_after: number | 'never'; readonly end: DunningEnd } | undefined;
  /** `at_once`: it begins paid; `two_steps`: incomplete and active within one second. */
  readonly first: 'at_once' | 'two_steps' | 'authenticated' | 'fails';
  /** Usage that is billed beside the plan, in the smallest coin an invoice. */
  readonly metered: number;
  /** Stripe does not answer when it is asked for its objects. */
  readonly silent: boolean;
  /** How much Stripe tells: what an installation must listen to, what it can listen to, or events that change nothing as well. */
  readonly tells: 'least' | 'much' | 'all';
  /** Days from the beginning of the life. */
  readonly deeds: readonly (readonly [day: number, deed: AuditEvent])[];
  /** By the place of an event among those of its life: how many steps late it comes; a second time, so many steps after that. */
  readonly late: readonly (readonly [event: number, steps: number])[];
  readonly doubled: readonly (readonly [event: number, steps: number])[];
  /** Days on which it spends what it can (1), or that part of it, in steps from the beginning of the life. */
  readonly spends: readonly (readonly [step: number, share: number])[];
  /** Orders the ids of its events; an odd number also what comes in one step. */
  readonly shuffle: number;
  /** What comes in one step comes at one moment, over several connections. */
  readonly at_once: boolean;
}

/** The smallest life: a month that was paid for. Tests and shrinking start from it. */
export const PLAIN_LIFE: Life = {
  begins_day: 0,
  begins_second: 0,
  age_days: 0,
  months: 1,
  plan: 'PRO',
  shape: 'current',
  yearly: false,
  quantity: 1,
  currency: undefined,
  tax: undefined,
  coupon: undefined,
  trial_days: 0,
  sent: undefined,
  first: 'at_once',
  metered: 0,
  silent: false,
  tells: 'least',
  deeds: [],
  late: [],
  doubled: [],
  spends: [],
  shuffle: 0,
  at_once: false,
};
