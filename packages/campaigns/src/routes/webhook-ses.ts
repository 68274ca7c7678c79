import { isRefusal, type Refusal, refuse } from '@purser/core';
import { type App, bytesOf, problems, refuseMessage, registerSignedMessages } from '@purser/http';
import { readSesEvent, type SnsMessage, snsReceiver } from '@purser/mail';
import { z } from 'zod';

import type { CampaignsDeps } from '../deps.ts';
import { applyEvent } from '../events/apply-event.ts';

/** A message of SNS has 256 KB; its JSON stands in JSON once more. */
const BODY_BYTES_MAX = 1024 * 1024;
const OUTCOMES = ['applied', 'duplicate', 'unknown', 'ignored', 'confirmed'] as const;
type Outcome = (typeof OUTCOMES)[number];

const OFF = refuse('not_configured', 'events of SES are not taken here until the operator sets SES_TOPIC_ARN');

/**
 * Where Amazon SNS posts what SES tells of messages. What SNS is answered with a 4xx it does not send again; after a 429 or a 5xx it does.
 */
export async function registerSesWebhook(app: App, deps: CampaignsDeps): Promise<void> {
  const { topics, endpoint } = deps.ses_events;
  const receiver = snsReceiver({ clock: deps.clock, topics, ...(endpoint !== undefined && { endpoint }) });
  const receive = async (body: Buffer): Promise<Outcome | Refusal> => {
    if (topics.length === 0) return OFF;
    const message = await receiver.receive(body);
    return isRefusal(message) ? message : take(deps, message);
  };
  // SNS says that its JSON is plain text.
  await registerSignedMessages(app, ['text/plain', 'application/json'], (scope) => {
    scope.route({
      method: 'POST',
      url: '/api/webhooks/ses',
      bodyLimit: BODY_BYTES_MAX,
      config: { access: 'public' },
      schema: {
        tags: ['Campaigns'],
        summary: 'Receives what Amazon SES tells of messages, posted and signed by Amazon SNS; each is applied once',
        response: {
          200: z.object({
            received: z.literal(true),
            outcome: z
              .enum(OUTCOMES)
              .describe(
                '`duplicate`: it came before; `unknown`: of no message that was sent from here; `ignored`: of a kind that changes nothing; `confirmed`: the subscription is.',
              ),
          }),
          ...problems(400, 403, 422, 429, 501, 503),
        },
      },
      handler: async (request, reply) => {
        const outcome = await receive(bytesOf(request));
        if (!isRefusal(outcome)) return reply.send({ received: true, outcome });
        deps.metrics.carrierEvent('ses', 'none', 'refused');
        return refuseMessage(app, request, reply, outcome);
      },
    });
  });
}

async function take(deps: CampaignsDeps, message: SnsMessage): Promise<Outcome | Refusal> {
  const { type, id, topic, text } = message;
  if (type === 'SubscriptionConfirmation') {
    deps.log.info({ topic }, 'the subscription to events of SES is confirmed');
    return 'confirmed';
  }
  if (type === 'UnsubscribeConfirmation') {
    deps.log.warn({ topic }, 'the subscription to events of SES has ended: what becomes of messages is not told any more');
    return 'ignored';
  }
  const event = readSesEvent(text);
  if (isRefusal(event)) return event;
  const outcome = event === undefined ? 'ignored' : await applyEvent(deps, id, event);
  deps.metrics.carrierEvent('ses', event?.kind ?? 'other', outcome);
  return outcome;
}
