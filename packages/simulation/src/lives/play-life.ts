import { unreachable } from '@purser/core';

import { DAY_S } from './calendar.ts';
import type { Played } from './facts.ts';
import type { AuditEvent, Life } from './life.ts';
import type { PriceList } from './price-list.ts';
import { StripeAccount } from './stripe-account.ts';
import { StripeReversals } from './stripe-reversals.ts';
import { StripeTeller } from './stripe-teller.ts';

const DAYS_MONTH = 31;

/** When it begins to pay, in seconds. */
export function beginsAt({ begins_day, begins_second }: Life, base_s: number): number {
  return base_s + begins_day * DAY_S + begins_second;
}

/** When nothing happens in it any more. */
export function endsAt(life: Life, base_s: number): number {
  return beginsAt(life, base_s) + (life.months * DAYS_MONTH + life.trial_days) * DAY_S;
}

/** All that Stripe says and knows of a life, which is a function of it. `key` stands in every id. */
export function playLife(life: Life, prices: PriceList, base_s: number, key: string): Played {
  const teller = new StripeTeller(life, prices, key);
  const account = new StripeAccount(teller);
  const reversals = new StripeReversals(teller, account);
  const begins = beginsAt(life, base_s);
  const buy = (at: number): void => account.subscribe(at, life.plan, teller.checkout(at, life.plan));
  teller.agenda.at(begins, buy);
  for (const [day, deed] of life.deeds) {
    teller.agenda.at(begins + Math.round(day * DAY_S), (at) => perform(at, deed, { account, reversals, buy, plan: life.plan }));
  }
  teller.agenda.run(endsAt(life, base_s));
  return teller.played();
}

interface Actors {
  readonly account: StripeAccount;
  readonly reversals: StripeReversals;
  readonly buy: (at: number) => void;
  readonly plan: string;
}

function perform(at: number, deed: AuditEvent, { account, reversals, buy, plan }: Actors): void {
  switch (deed.is) {
    case 'change':
      return account.change(at, deed);
    case 'interval':
      return account.interval(at, deed.yearly, deed.paid);
    case 'card':
      return account.card(at);
    case 'fails':
      return account.card(at, deed);
    case 'pause_collection':
      return account.pauseCollection(at, deed.as);
    case 'resume_collection':
      return account.pauseCollection(at, null);
    case 'pause':
      return account.pause(at);
    case 'resume':
      return account.resume(at);
    case 'cancel':
      return account.cancel(at, false);
    case 'cancel_at_end':
      return account.cancel(at, true);
    case 'return':
      // Who has a subscription changes it in the portal.
      return account.current === undefined ? buy(at) : undefined;
    case 'second':
      return account.subscribe(at, plan, undefined);
    case 'refund':
      reversals.refund(at, deed);
      return undefined;
    case 'dispute':
      return reversals.dispute(at, deed);
    case 'credit_note':
      return reversals.creditNote(at, deed);
    case 'gift_balance':
      return account.giveBalance(deed.amount, false);
    case 'pay_open':
      return account.payOpen(at);
    case 'uncollectible':
      return account.markUncollectible(at);
    default:
      return unreachable(deed);
  }
}
