import { entriesAfter, type Entry } from '@purser/audit';
import { PLATFORM } from '@purser/core';
import type { AlertSource, NewAlert } from '@purser/notify';

/** What the audit log says of payments that somebody should look at. */
export const PAYMENTS: AlertSource = {
  name: 'payment',
  async after(connection, position, rows_max) {
    const { rows, through, found } = await entriesAfter(connection, position, rows_max, Object.keys(PAYMENT_TITLES));
    return { rows, through, alerts: found.map(paymentAlert) };
  },
};

const PAYMENT_TITLES: Readonly<Record<string, string>> = {
  'payment.erased': 'A deleted workspace pays for a subscription',
  'payment.refused': 'A payment event was refused',
  'payment.unpriced': 'A payment came in a currency without a rate',
  'subscription.second': 'A workspace pays for two subscriptions',
  'overrides.lowered': 'A change of plan lowered what was agreed',
};

function paymentAlert({ workspace, action, at, detail }: Entry): NewAlert {
  return {
    workspace: workspace ?? PLATFORM,
    kind: 'payment',
    subject: action,
    window_start: at,
    severity: 'warning',
    title: PAYMENT_TITLES[action] ?? action,
    text: typeof detail['text'] === 'string' ? detail['text'] : '',
  };
}
