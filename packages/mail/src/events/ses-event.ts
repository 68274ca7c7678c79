import { isUuid, type Refusal, refuse } from '@purser/core';
import { z } from 'zod';

import type { CarrierEvent, CarrierEventKind } from './carrier-event.ts';

const REASON_CHARS_MAX = 300;

const text = z.string().max(10_000).nullish();
const headers = z.array(z.object({ name: z.string(), value: z.string().nullish() })).nullish();
const mail = z.object({
  messageId: z.string().min(1).max(300),
  headers,
  /** Values by the name of a tag: of event publishing alone. */
  tags: z.record(z.string(), z.array(z.string())).nullish(),
});
const diagnosed = z.array(z.object({ status: text, diagnosticCode: text })).nullish();

/** Each kind of event holds an object of its own; one that is not there is said to be missing. */
const PARTS = {
  Bounce: z.object({
    mail,
    bounce: z.object({ bounceType: z.string().max(40), bounceSubType: text, bouncedRecipients: diagnosed }),
  }),
  Complaint: z.object({ mail, complaint: z.object({ complaintFeedbackType: text, complaintSubType: text }) }),
  Delivery: z.object({ mail, delivery: z.object({ smtpResponse: text }) }),
  Send: z.object({ mail }),
  Reject: z.object({ mail, reject: z.object({ reason: text }) }),
  DeliveryDelay: z.object({ mail, deliveryDelay: z.object({ delayType: text, delayedRecipients: diagnosed }) }),
  Subscription: z.object({
    mail,
    subscription: z.object({ source: text, newTopicPreferences: z.object({ unsubscribeAll: z.boolean().nullish() }).nullish() }),
  }),
};
type Type = keyof typeof PARTS;
type Told = { readonly [One in Type]: { readonly type: One } & z.infer<(typeof PARTS)[One]> }[Type];

const HEADER = 'x-purser-recipient';
/** The tag that messages bear. */
export const RECIPIENT_TAG = 'purser-recipient';

/**
 * What SES tells in a message of its topic: by event publishing (`eventType`, with tags) or as the notification of an identity
 * (`notificationType`, with headers where it was set up so). Undefined: nothing that we keep, such as an open, or the line by which SES
 * tries a topic. Refuses by name what does not hold what its kind holds.
 */
export function readSesEvent(message: string): CarrierEvent | undefined | Refusal {
  if (!message.trimStart().startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return refuse('invalid_request', 'Message: it begins as JSON and is none; want an event of SES');
  }
  const { eventType, notificationType } = value as Readonly<Record<string, unknown>>;
  const type = eventType ?? notificationType;
  if (typeof type !== 'string')
    return refuse('invalid_request', 'Message: it has neither eventType nor notificationType; want an event of SES');
  if (!Object.hasOwn(PARTS, type)) return undefined;
  const parsed = PARTS[type as Type].safeParse(value);
  if (parsed.success) return keptEvent({ type, ...parsed.data } as Told);
  const [issue] = parsed.error.issues;
  return refuse('invalid_request', `Message.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'want an event of SES'}`);
}

/** A report that a message is no spam complains of nothing, and a contact may change its topics without leaving. */
function keptEvent(told: Told): CarrierEvent | undefined {
  if (told.type === 'Complaint' && told.complaint.complaintFeedbackType === 'not-spam') return undefined;
  if (told.type === 'Subscription' && told.subscription.newTopicPreferences?.unsubscribeAll === false) return undefined;
  return eventOf(told);
}

function eventOf(told: Told): CarrierEvent {
  const event = (kind: CarrierEventKind, reason: (string | null | undefined)[] = [], permanent = false): CarrierEvent => ({
    kind,
    provider: 'ses',
    recipient: recipientIn(told.mail),
    message_id: told.mail.messageId,
    permanent,
    reason: reason.filter(Boolean).join(': ').slice(0, REASON_CHARS_MAX) || null,
  });
  switch (told.type) {
    case 'Bounce': {
      const { bounceType, bounceSubType, bouncedRecipients } = told.bounce;
      // An undetermined one does not say that the next will fail too. An address that its own server does not know (5.1.x) does, whatever
      // SES calls it.
      const permanent =
        bounceType === 'Permanent' || (bouncedRecipients ?? []).some(({ status }) => /^\s*5\.1\./u.test(status ?? ''));
      return event('bounced', [bounceType, bounceSubType, saidIn(bouncedRecipients)], permanent);
    }
    case 'Complaint':
      return event('complained', [told.complaint.complaintFeedbackType, told.complaint.complaintSubType]);
    case 'Delivery':
      return event('delivered');
    case 'Send':
      return event('taken');
    case 'Reject':
      return event('rejected', ['SES', told.reject.reason]);
    case 'DeliveryDelay':
      return event('delayed', ['delayed', told.deliveryDelay.delayType, saidIn(told.deliveryDelay.delayedRecipients)]);
    case 'Subscription':
      return event('unsubscribed', [told.subscription.source]);
    default:
      return told satisfies never;
  }
}

function saidIn(recipients: z.infer<typeof diagnosed>): string | null | undefined {
  const [first] = recipients ?? [];
  return first?.diagnosticCode ?? first?.status;
}

function recipientIn({ tags, headers: found }: z.infer<typeof mail>): string | undefined {
  const said = tags?.[RECIPIENT_TAG]?.[0] ?? found?.find(({ name }) => name.toLowerCase() === HEADER)?.value;
  return typeof said === 'string' && isUuid(said) ? said : undefined;
}
