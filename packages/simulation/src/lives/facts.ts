/** A part of what was collected, and from when to when (in seconds) it may be used. */
export interface Slice {
  readonly from: number;
  readonly to: number;
  /** Of the sum of all parts. */
  readonly part: number;
}

/** What really happened at Stripe, by its own clock, as an accountant who sees everything would write it down. Amounts in the smallest coin. */
export type Fact =
  | {
      readonly is: 'collected';
      readonly at: number;
      readonly invoice: string;
      readonly subscription: string;
      readonly currency: string;
      readonly plan: string;
      /** Money that came in: neither a balance, a coupon nor a credit note. */
      readonly gross: number;
      /** Of that, tax. */
      readonly tax: number;
      /** Of the rest, what was for the plan and not for something beside it. */
      readonly for_plan: number;
      readonly slices: readonly Slice[];
      readonly event: string;
      /** The ordinary price of all that the invoice is of, for a check that who paid is served. */
      readonly plain: boolean;
    }
  | {
      readonly is: 'returned';
      readonly at: number;
      readonly object: string;
      readonly invoice: string;
      /** In the currency of the invoice. */
      readonly gross: number;
      /** Those that tell of it. */
      readonly told_by: readonly string[];
      /** It did not stay away: a refund that failed, a dispute that was won. */
      readonly back: { readonly at: number; readonly told_by: readonly string[] } | undefined;
    }
  /** A period was paid by money collected before: by time that was credited, or by a balance of it or of a credit note. In the smallest coin. */
  | { readonly is: 'moved'; readonly at: number; readonly plan: string; readonly currency: string; readonly amount: number }
  /** Its plan, seats or interval became others, or a part of what it paid was put onto its balance: it no longer has what it paid for. */
  | { readonly is: 'changed'; readonly at: number }
  | {
      readonly is: 'state';
      readonly at: number;
      readonly subscription: string;
      /** Its customer is to be served by it. */
      readonly serves: boolean;
      readonly status: string;
      readonly plan: string;
      /** Any of them tells it. */
      readonly told_by: readonly string[];
    };

/** An event as Stripe sends it; in its object stand `{{workspace}}`, `{{customer}}` and `{{checkout:n}}` for what only our side knows. */
export interface Told {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  readonly object: Readonly<Record<string, unknown>>;
}

/** A life as Stripe saw it. */
export interface Played {
  readonly told: readonly Told[];
  readonly facts: readonly Fact[];
  /** When the customer opens our checkout, and of which plan. */
  readonly checkouts: readonly { readonly at: number; readonly plan: string }[];
  /** Objects as Stripe would show them, from when on. */
  readonly shown: readonly { readonly at: number; readonly object: Readonly<Record<string, unknown>> }[];
}
