import { isRefusal, systemClock } from '@purser/core';
import { signatureOf } from '@purser/marketplace/standins';
import { startServer } from '@purser/server';

import { scratchGiven } from '../given.ts';
import { heading, machine, ms, percentile, table } from '../report.ts';

const SECRET = `whsec_${'bench'.padEnd(24, '0')}`;
const YEARS = 10;
const ASKED = 300;

/** What a payment event takes of a subscriber with ten years of months behind it, and of one who has just begun. */
export async function benchTerms(quick: boolean): Promise<void> {
  const asked = quick ? 60 : ASKED;
  await using scratch = await scratchGiven(4);
  const { settings } = scratch.given;
  const stripe = { ...settings.stripe, webhook_secret: SECRET };
  const server = await startServer({ ...scratch.given, settings: { ...settings, stripe } });
  const { identity, marketplace } = server.composition.deps;
  let events = 0;
  const tell = async (type: string, at: Temporal.Instant, object: object): Promise<void> => {
    const created = Math.floor(at.epochMilliseconds / 1000);
    const body = JSON.stringify({ id: `evt_${events++}`, object: 'event', type, created, data: { object } });
    const signature = signatureOf(body, SECRET, Math.floor(systemClock.now().epochMilliseconds / 1000));
    const received = await marketplace.receive(Buffer.from(body), signature);
    if (isRefusal(received) || received.outcome === 'refused') throw new Error(`${type} was refused`);
  };

  /** `timed`: takes how long each event of the last months takes. */
  const subscriber = async (months: number, timed: number[] = []) => {
    const made = await identity.createWorkspace({ name: 'Subscriber', plan: 'FREE' });
    if (isRefusal(made)) throw new Error(made.detail);
    const { id } = made.workspace;
    const customer = `cus_${id}`;
    await scratch.pool.query(
      'insert into marketplace.customer (workspace_id, stripe_customer, created_at) values ($1, $2, now())',
      [id, customer],
    );
    const { month, picture, invoice } = objectsOf(id, customer, months);
    for (let n = 0; n < months; n++) {
      const started = performance.now();
      await tell(n === 0 ? 'customer.subscription.created' : 'customer.subscription.updated', month(n), picture(n));
      await tell('invoice.paid', month(n), invoice(n));
      if (n >= months / 2) timed.push((performance.now() - started) / 2);
    }
    return {
      updated: () => tell('customer.subscription.updated', systemClock.now(), picture(months - 1)),
      paid: () => tell('invoice.paid', systemClock.now(), invoice(months - 1)),
    };
  };

  const measure = async (name: string, one: () => Promise<void>): Promise<string[]> => {
    const samples: number[] = [];
    for (let n = 0; n < asked; n++) {
      const started = performance.now();
      await one();
      samples.push(performance.now() - started);
    }
    return row(name, samples);
  };
  const fresh = await subscriber(1);
  const renewed: number[] = [];
  const old = await subscriber(YEARS * 12, renewed);
  await scratch.pool.query('analyze');
  const rows = [
    await measure('subscription.updated, one month', fresh.updated),
    await measure(`subscription.updated, ${YEARS} years`, old.updated),
    row(`a month more, an event of two, after ${YEARS / 2} to ${YEARS} years`, renewed),
    await measure('invoice.paid told again, one month', fresh.paid),
    await measure(`invoice.paid told again, ${YEARS} years`, old.paid),
  ];
  await server.stop();
  heading('Payment events');
  console.log(`${machine()}. ${asked} events of each kind, one at a time, each new to the server, without HTTP.\n`);
  table(['', 'p50 ms', 'p95 ms', 'max ms'], rows);
}

function row(name: string, samples: number[]): string[] {
  samples.sort((a, b) => a - b);
  return [name, ms(percentile(samples, 0.5)), ms(percentile(samples, 0.95)), ms(samples.at(-1) ?? 0)];
}

/** What Stripe has of a subscriber who began so many months ago. */
function objectsOf(id: string, customer: string, months: number) {
  const began = systemClock.now().toZonedDateTimeISO('UTC').subtract({ months });
  const month = (n: number): Temporal.Instant => began.add({ months: n }).toInstant();
  const seconds = (at: Temporal.Instant): number => Math.floor(at.epochMilliseconds / 1000);
  const metadata = { purser_workspace: id, purser_plan: 'PRO' };
  const picture = (n: number) => ({
    id: `sub_${id}`,
    customer,
    status: 'active',
    metadata,
    items: { data: [{ id: 'si_1', current_period_start: seconds(month(n)), current_period_end: seconds(month(n + 1)) }] },
  });
  const invoice = (n: number) => ({
    id: `in_${id}_${n}`,
    customer,
    currency: 'eur',
    billing_reason: n === 0 ? 'subscription_create' : 'subscription_cycle',
    total: 1599,
    total_excluding_tax: 1599,
    amount_paid: 1599,
    parent: { subscription_details: { subscription: `sub_${id}`, metadata } },
    lines: { data: [{ amount: 1599, period: { start: seconds(month(n)), end: seconds(month(n + 1)) } }] },
  });
  return { month, picture, invoice };
}
