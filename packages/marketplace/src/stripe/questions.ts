import type { OpenParts } from './parts.ts';
import { takeEvent } from './receive-event.ts';
import { asking, isMissing } from './client.ts';

const ASKED_MAX = 20;
const AGAIN_AFTER = { minutes: 5 } as const;

/**
 * Asks Stripe for the subscriptions whose events do not say enough, and takes in what they are as an event of now. No event waits for it; where Stripe is
 * away or slow (its client gives up after its time-out), each is asked again after some minutes. Returns how many were answered.
 */
export async function askQuestions(parts: OpenParts): Promise<number> {
  const { pool, clock, stripe, log } = parts;
  const now = clock.now();
  const { rows } = await pool.query<{ subscription: string }>(
    `update marketplace.question set asked_at = $1 where subscription_id in (
       select subscription_id from marketplace.question where asked_at is null or asked_at < $2
       order by asked_at nulls first, subscription_id limit ${ASKED_MAX} for update skip locked)
     returning subscription_id as subscription`,
    [now.toString(), now.subtract(AGAIN_AFTER).toString()],
  );
  let answered = 0;
  for (const { subscription } of rows) {
    try {
      const object = await asking('tell a subscription', stripe.subscriptions.retrieve(subscription));
      const created = Math.floor(now.epochMilliseconds / 1000);
      const type = object.status === 'canceled' ? 'customer.subscription.deleted' : 'customer.subscription.updated';
      const at = object.status === 'canceled' ? (object.ended_at ?? object.canceled_at ?? created) : created;
      await takeEvent(parts, { id: `asked:${subscription}:${at}`, object: 'event', type, created: at, data: { object } });
    } catch (err) {
      if (!isMissing(err)) {
        log.warn(
          { err, subscription },
          'a subscription of which two events of one second tell could not be asked for; it is asked again',
        );
        continue;
      }
    }
    await pool.query('delete from marketplace.question where subscription_id = $1', [subscription]);
    answered += 1;
  }
  return answered;
}
