export { type Email, type Mail, printedMail, smtpMail } from './mail.ts';
export { CARRIER_IDS } from './delivery/carrier.ts';
export type { Carrier, Dispatch, Handover, OutgoingEmail, SendLedger, SendResult } from './delivery/carrier.ts';
export { sesCarrier, type SendQuota, type SharedRate } from './delivery/ses-carrier.ts';
export { smtpCarrier } from './delivery/smtp-carrier.ts';
export type { CarrierEvent, CarrierEventKind } from './events/carrier-event.ts';
export { readSesEvent } from './events/ses-event.ts';
export { MESSAGE_DAYS_MAX, type SnsMessage, type SnsOptions, type SnsReceiver, snsReceiver } from './events/sns-message.ts';
