import type { SchemaMigrations } from '@purser/database';

export { type Alert, type NewAlert, SEVERITIES } from './alert.ts';
export { type AlertGroup, alertGroups, type AlertReader, countUnseen, markManySeen } from './alert-groups.ts';
export { type AlertKindDefinition, alertKinds, alertKindSchema, registerAlertKinds } from './alert-kinds.ts';
export { type UndeliveredMessage, listUndelivered, retryUndelivered } from './undelivered.ts';
export { listAlerts, listAllAlerts, markSeen, markSeenByOperator } from './list-alerts.ts';
export { listFraud, type RaisedFraud } from './list-fraud.ts';
export { CHANNEL_KINDS } from './message.ts';
export { raise } from './raise.ts';
export { startAlerts } from './start-alerts.ts';
export { readSubscriptions, replaceSubscriptions, type Subscriptions, subscriptionsSchema } from './subscriptions.ts';
export { type FraudFlag, type FraudWeek, weeklyFraud } from './weekly-fraud.ts';
export type { AlertSource, Watch, Watched } from './watched.ts';

export const notifyMigrations: SchemaMigrations = { schema: 'notify', directory: new URL('../migrations/', import.meta.url) };
