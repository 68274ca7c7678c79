import { isRefusal } from '@purser/core';
import { expect, test } from 'vitest';

import { readSesEvent } from './ses-event.ts';

const id = '0193c0de-0000-7000-8000-000000000001';
const mail = { messageId: '0107-ses', tags: { 'purser-recipient': [id], 'ses:from-domain': ['shop.example'] } };
const headers = { messageId: '0107-ses', headers: [{ name: 'X-Purser-Recipient', value: id }] };
const read = (event: object) => readSesEvent(JSON.stringify(event));

test.each([
  [
    'Bounce',
    { bounce: { bounceType: 'Permanent', bounceSubType: 'General', bouncedRecipients: [{ diagnosticCode: '550 5.1.1' }] } },
    { kind: 'bounced', permanent: true, reason: 'Permanent: General: 550 5.1.1' },
  ],
  [
    'Bounce',
    { bounce: { bounceType: 'Transient', bounceSubType: 'MailboxFull', bouncedRecipients: [] } },
    { kind: 'bounced', permanent: false },
  ],
  [
    'Bounce',
    { bounce: { bounceType: 'Transient', bounceSubType: 'General', bouncedRecipients: [{ status: '5.1.1' }] } },
    { kind: 'bounced', permanent: true },
  ],
  [
    'Bounce',
    { bounce: { bounceType: 'Transient', bounceSubType: 'MailboxFull', bouncedRecipients: [{ status: '5.2.2' }] } },
    { kind: 'bounced', permanent: false },
  ],
  ['Bounce', { bounce: { bounceType: 'Undetermined' } }, { kind: 'bounced', permanent: false }],
  ['Complaint', { complaint: { complaintFeedbackType: 'abuse' } }, { kind: 'complained', reason: 'abuse' }],
  ['Complaint', { complaint: {} }, { kind: 'complained', reason: null }],
  ['Delivery', { delivery: { smtpResponse: '250 ok' } }, { kind: 'delivered' }],
  ['Reject', { reject: { reason: 'Bad content' } }, { kind: 'rejected', reason: 'SES: Bad content' }],
  ['DeliveryDelay', { deliveryDelay: { delayType: 'MailboxFull' } }, { kind: 'delayed' }],
  ['Subscription', { subscription: { source: 'UnsubscribeHeader' } }, { kind: 'unsubscribed' }],
  ['Send', { send: {} }, { kind: 'taken' }],
])(
  '%s is read in both shapes: of event publishing by its tag, of an identity’s notifications by its header',
  (type, part, expected) => {
    const common = { provider: 'ses', recipient: id, message_id: '0107-ses' };
    expect(read({ eventType: type, mail, ...part })).toMatchObject({ ...common, ...expected });
    expect(read({ notificationType: type, mail: headers, ...part })).toMatchObject({ ...common, ...expected });
  },
);

test('a message without our id is read by the carrier’s alone, and an id that is none is not ours', () => {
  expect(read({ eventType: 'Send', mail: { messageId: 'm' } })).toMatchObject({ recipient: undefined, message_id: 'm' });
  const forged = { messageId: 'm', tags: { 'purser-recipient': ["' or true"] } };
  expect(read({ eventType: 'Send', mail: forged })).toMatchObject({ recipient: undefined });
});

test('what changes nothing is passed over: opens, clicks, kinds of later years, the line that tries a topic', () => {
  for (const eventType of ['Open', 'Click', 'Rendering Failure', 'Later', 'constructor', '__proto__'])
    expect(read({ eventType, mail })).toBeUndefined();
  expect(readSesEvent('Successfully validated SNS topic for Amazon SES event publishing.')).toBeUndefined();
});

test('whoever says that a message is no spam complains of nothing, and a change of topics is no farewell', () => {
  expect(read({ eventType: 'Complaint', mail, complaint: { complaintFeedbackType: 'not-spam' } })).toBeUndefined();
  const topics = { source: 'PreferencesPage', newTopicPreferences: { unsubscribeAll: false } };
  expect(read({ eventType: 'Subscription', mail, subscription: topics })).toBeUndefined();
});

test.each([
  ['{', 'Message'],
  ['{}', 'eventType'],
  ['{"eventType":"Send"}', 'Message.mail'],
  ['{"eventType":"Send","mail":{}}', 'Message.mail.messageId'],
  ['{"eventType":"Bounce","mail":{"messageId":"m"}}', 'Message.bounce'],
  ['{"eventType":"Bounce","mail":{"messageId":"m"},"bounce":{"bounceType":7}}', 'Message.bounce.bounceType'],
  ['{"eventType":"Delivery","mail":{"messageId":"m","tags":[]},"delivery":{}}', 'Message.mail.tags'],
])('%s is refused by the name of what is missing', (message, name) => {
  const refused = readSesEvent(message);
  expect(isRefusal(refused) && refused.detail).toContain(name);
});
