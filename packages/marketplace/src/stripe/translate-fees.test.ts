import { expect, test } from 'vitest';

import { feesToldIn } from './translate-fees.ts';

const charge = { id: 'ch_1', payment_intent: 'pi_1', balance_transaction: { id: 'txn_1', fee: 65, currency: 'eur' } };
const intent = { id: 'pi_1', latest_charge: { ...charge, payment_intent: 'pi_1' } };
const told = [{ payment: 'pi_1', fee: { nanos: 650_000_000n, currency: 'EUR' } }];

test.each<[string, unknown]>([
  ['a charge', charge],
  ['a payment intent', intent],
  ['a checkout session with its payment intent', { id: 'cs_1', payment_intent: intent }],
  ['an invoice with its charge, as older versions tell it', { id: 'in_1', charge }],
  ['an invoice with its payments', { id: 'in_1', payments: { data: [{ payment: { payment_intent: intent } }] } }],
  ['an invoice payment by its charge', { id: 'inpay_1', payment: { charge } }],
  ['both ways at once', { id: 'in_1', charge, payment_intent: intent }],
])('what Stripe took is read out of %s', (_, object) => {
  expect(feesToldIn(object)).toEqual(told);
});

test('a charge without a payment intent goes by itself', () => {
  expect(feesToldIn({ ...charge, payment_intent: null })).toEqual([{ ...told[0], payment: 'ch_1' }]);
});

test.each<[string, unknown]>([
  ['an id in the place of the transaction', { ...charge, balance_transaction: 'txn_1' }],
  ['no transaction yet', { ...charge, balance_transaction: null }],
  ['a fee below nothing', { ...charge, balance_transaction: { fee: -1, currency: 'eur' } }],
  ['an invoice of ids', { id: 'in_1', charge: 'ch_1', payments: { data: ['inpay_1'] }, payment: 'x' }],
  ['a subscription', { id: 'sub_1', items: { data: [] } }],
  ['nothing', null],
])('%s tells no fee', (_, object) => {
  expect(feesToldIn(object)).toEqual([]);
});
