import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
import { openShop, type Shop } from './testing.ts';
import { changed, line, lines, paymentsIn, PRO_ADMITS } from './testing-payments.ts';

/* Money that goes back to the balance of its customer, and pays what comes after. */

let shop: Shop;
let payments: ReturnType<typeof paymentsIn>;
beforeAll(async () => {
  shop = await openShop();
  payments = paymentsIn(shop);
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const after = (time?: Temporal.DurationLike): number => payments.secondsIn(time);

test('a year that is changed to months: what was not served pays the months that the balance pays', async () => {
  const [start, end] = [after(), after({ years: 1 })];
  const { workspace, subscription } = await payments.subscribed('PRO', 15_990, {}, lines(line(15_990, start, end)));
  payments.later({ months: 2 });
  const [restart, second, third] = [after(), after({ months: 1 }), after({ months: 2 })];
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, -11_726, 'subscription_update', {
      amount_paid: 0,
      starting_balance: 0,
      ending_balance: -11_726,
      ...lines(changed(-13_325, restart, end), line(1599, restart, second)),
    }),
  );
  expect((await shop.exhaust(workspace)) >= PRO_ADMITS - 10_000_000n).toBe(true);
  payments.later({ months: 1 });
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, 1599, 'subscription_cycle', {
      amount_paid: 0,
      starting_balance: -11_726,
      ending_balance: -10_127,
      ...lines(line(1599, second, third)),
    }),
  );
  const got = await shop.exhaust(workspace);
  expect(got >= PRO_ADMITS - 10_000_000n && got <= PRO_ADMITS).toBe(true);
  expect((await shop.balance(workspace)) >= 1498n).toBe(true);
});

test('a dearer month that is changed to a cheaper one pays the months that follow, less what was spent of it', async () => {
  for (const spent of [false, true]) {
    const [start, second] = [after(), after({ months: 1 })];
    const usd = { currency: 'usd' };
    const { workspace, subscription } = await payments.subscribed('BUSINESS', 14_900, usd, {
      ...usd,
      ...lines(line(14_900, start, second)),
    });
    payments.later({ days: 2 });
    const until = Math.round((second - after()) / 86_400);
    const cheaper = { ...subscription, metadata: { ...(subscription['metadata'] as object), purser_plan: 'PRO' } };
    const served = spent ? await shop.exhaust(workspace) : 0n;
    await payments.tell('customer.subscription.updated', cheaper);
    const credited = changed(-13_900, after(), second);
    const charged = changed(1700, after(), second);
    payments.later({ days: until });
    let balance = 0;
    for (let month = 0; month < 8; month++) {
      const [from, to] = [after(), after({ months: 1 })];
      const total = month === 0 ? 1700 - 12_200 : 1700;
      const before = balance;
      balance = Math.min(0, balance + total);
      const paid = total > 0 ? Math.max(0, total + before) : 0;
      await payments.tell(
        'invoice.paid',
        payments.inv(cheaper, total, 'subscription_cycle', {
          ...usd,
          amount_paid: paid,
          starting_balance: before,
          ending_balance: balance,
          ...lines(...(month === 0 ? [credited, charged] : []), line(1700, from, to)),
        }),
      );
      const may = (await shop.policyOf(workspace)).ceiling;
      if (!spent)
        expect([month, may.nanos > 12_000_000_000n || (may.nanos * 94n) / 100n > 10_000_000_000n]).toEqual([month, true]);
      else if (month < 5) expect([month, await shop.exhaust(workspace)]).toEqual([month, 0n]);
      payments.later({ months: 1 });
      await shop.work();
    }
    expect(served <= (149_000_000_000n * 85n) / 100n).toBe(true);
  }
});

test('what a subscription that was ended gave back pays the one that follows it', async () => {
  const [start, end] = [after(), after({ years: 1 })];
  const { workspace, customer, subscription } = await payments.subscribed('PRO', 15_990, {}, lines(line(15_990, start, end)));
  payments.later({ months: 2 });
  await payments.tell('customer.subscription.deleted', { ...subscription, status: 'canceled' });
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, -13_325, 'manual', {
      amount_paid: 0,
      starting_balance: 0,
      ending_balance: -13_325,
      ...lines(changed(-13_325, after(), end)),
    }),
  );
  expect([(await payments.state(workspace))[1], await shop.exhaust(workspace)]).toEqual(['cancelled', 0n]);
  const again = payments.subscriptionOf({ workspace, customer });
  await payments.tell('customer.subscription.created', again);
  await payments.tell(
    'invoice.paid',
    payments.inv(again, 1599, 'subscription_create', {
      subtotal: 1599,
      amount_paid: 0,
      starting_balance: -13_325,
      ending_balance: -11_726,
    }),
  );
  expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
  const got = await shop.exhaust(workspace);
  expect(got >= PRO_ADMITS - 10_000_000n && got <= PRO_ADMITS).toBe(true);
});

test('a balance that nobody paid for gives nothing, and what is paid back of a year is no more to carry', async () => {
  const gift = await payments.subscribed('PRO', 1599, {}, { amount_paid: 0, starting_balance: -5000, ending_balance: -3401 });
  expect(await shop.exhaust(gift.workspace)).toBe(0n);
  const [start, end] = [after(), after({ years: 1 })];
  const { workspace, subscription, first } = await payments.subscribed('PRO', 15_990, {}, lines(line(15_990, start, end)));
  await payments.tell('invoice_payment.paid', payments.paymentOf(first, `pi_${workspace.id}`));
  payments.later({ months: 2 });
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, -11_726, 'subscription_update', {
      amount_paid: 0,
      starting_balance: 0,
      ending_balance: -11_726,
      ...lines(changed(-13_325, after(), end), line(1599, after(), after({ months: 1 }))),
    }),
  );
  await payments.tell(
    'charge.refunded',
    shop.stripe.make('charge', 'ch', {
      amount: 15_990,
      amount_refunded: 15_990,
      currency: 'eur',
      payment_intent: `pi_${workspace.id}`,
    }),
  );
  expect(await shop.exhaust(workspace)).toBe(0n);
  expect((await payments.revenueOf(workspace))['EUR'] ?? 0n).toBe(0n);
});

test('all of a year is revenue when its time is over, whatever of it waits on a balance', async () => {
  const [start, end] = [after(), after({ years: 1 })];
  const { workspace, subscription } = await payments.subscribed('PRO', 15_990, {}, lines(line(15_990, start, end)));
  payments.later({ months: 2 });
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, -11_726, 'subscription_update', {
      amount_paid: 0,
      starting_balance: 0,
      ending_balance: -11_726,
      ...lines(changed(-13_325, after(), end), line(1599, after(), after({ months: 1 }))),
    }),
  );
  expect(((await payments.revenueOf(workspace))['EUR'] ?? 0n) < 50_000_000_000n).toBe(true);
  payments.later({ years: 1 });
  await shop.work();
  expect(await payments.revenueOf(workspace)).toEqual({ EUR: 159_900_000_000n });
});

test('any order of the events gives the same ceiling, credits and revenue, whichever server takes them in', async () => {
  const other = shop.another();
  const seen = [];
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1],
    [1, 3, 0, 2],
  ]) {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer);
    const at = payments.seconds() + 1;
    const months = (count: number): number =>
      Math.floor(
        Temporal.Instant.fromEpochMilliseconds(at * 1000)
          .toZonedDateTimeISO('UTC')
          .add({ months: count })
          .toInstant().epochMilliseconds / 1000,
      );
    payments.later({ months: 3, hours: 2 });
    const told = (type: string, object: StripeObject, created: number) => shop.stripe.event(type, object, { created });
    const events = [
      told('customer.subscription.created', subscription, at),
      told('invoice.paid', payments.inv(subscription, 15_990, 'subscription_create', lines(line(15_990, at, months(12)))), at),
      told(
        'invoice.paid',
        payments.inv(subscription, -11_726, 'subscription_update', {
          amount_paid: 0,
          starting_balance: 0,
          ending_balance: -11_726,
          ...lines(changed(-13_325, months(2), months(12)), line(1599, months(2), months(3))),
        }),
        months(2),
      ),
      told(
        'invoice.paid',
        payments.inv(subscription, 1599, 'subscription_cycle', {
          amount_paid: 0,
          starting_balance: -11_726,
          ending_balance: -10_127,
          ...lines(line(1599, months(3), months(4))),
        }),
        months(3) + 3600,
      ),
    ];
    for (const [place, index] of order.entries()) {
      const event = events[index];
      if (event) await shop.receive(event, place % 2 === 0 ? shop.market : other);
    }
    await shop.work();
    seen.push([
      (await shop.policyOf(buyer.workspace)).ceiling.nanos,
      await shop.balance(buyer.workspace),
      (await payments.revenueOf(buyer.workspace))['EUR'],
    ]);
  }
  expect(new Set(seen.map(String)).size).toBe(1);
  expect((seen[0]?.[0] ?? 0n) > 13_580_000_000n).toBe(true);
});

test('a year that is changed to months, spent to the limit every month, costs no more than its margin leaves, and serves nearly that', async () => {
  const [start, end] = [after(), after({ years: 1 })];
  const { workspace, subscription } = await payments.subscribed('PRO', 15_990, {}, lines(line(15_990, start, end)));
  let total = 0n;
  total += await shop.exhaust(workspace);
  payments.later({ days: 15 });
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, -13_700, 'subscription_update', {
      amount_paid: 0,
      starting_balance: 0,
      ending_balance: -13_700,
      ...lines(changed(-15_299, after(), end), line(1599, after(), after({ months: 1 }))),
    }),
  );
  let balance = -13_700;
  for (let month = 0; month < 11; month++) {
    await shop.work();
    total += await shop.exhaust(workspace);
    payments.later({ months: 1 });
    const before = balance;
    balance = Math.min(0, balance + 1599);
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 1599, 'subscription_cycle', {
        amount_paid: Math.max(0, before + 1599),
        starting_balance: before,
        ending_balance: balance,
        ...lines(line(1599, after(), after({ months: 1 }))),
      }),
    );
  }
  const collected = 15_990 + 1599 * 11 - 13_700;
  expect(total <= (BigInt(collected) * 10_000_000n * 85n) / 100n).toBe(true);
  expect(total * 100n >= BigInt(collected) * 10_000_000n * 75n).toBe(true);
});

test('what a credit note puts onto the balance pays the next month, once, and nothing when it is called off', async () => {
  for (const called_off of [false, true]) {
    const [start, second, third] = [after(), after({ months: 1 }), after({ months: 2 })];
    const { workspace, subscription, first } = await payments.subscribed('PRO', 1599, {}, lines(line(1599, start, second)));
    const note = shop.stripe.make('credit_note', 'cn', {
      invoice: first.id,
      currency: 'eur',
      status: 'issued',
      type: 'post_payment',
      total: 1599,
      post_payment_amount: 1599,
      refunds: [],
      customer_balance_transaction: 'cbtxn_1',
      out_of_band_amount: null,
    });
    await payments.tell('credit_note.created', note);
    expect(await shop.exhaust(workspace)).toBe(0n);
    if (called_off) await payments.tell('credit_note.voided', { ...note, status: 'void' });
    expect(await shop.exhaust(workspace)).toBe(called_off ? PRO_ADMITS : 0n);
    payments.later({ months: 1 });
    const paid_by_it = { amount_paid: 0, starting_balance: -1599, ending_balance: 0, ...lines(line(1599, second, third)) };
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle', paid_by_it));
    expect(await shop.exhaust(workspace)).toBe(called_off ? 0n : PRO_ADMITS);
    expect(await payments.revenueOf(workspace)).toEqual({ EUR: 15_990_000_000n });
  }
});
