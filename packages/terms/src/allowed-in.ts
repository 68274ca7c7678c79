import type { Currency } from '@purser/money';

/** What the plan promises for the money, and what margin and fees leave of it; less than nothing where fees ate more than came in. */
export interface AllowedIn {
  readonly unit: Currency;
  readonly ceiling: bigint;
  readonly proven: bigint;
}
