export type { AccountDeps } from './deps.ts';
export { alertQuery, replaceSettings, searchOf, wireAlert, wireSettings } from './alerts.ts';
export { groupQuery, groupSearchOf, markSchema, wireGroup } from './alert-groups.ts';
export { wireCall } from './calls.ts';
export { jobPageSchema, jobQuery, wirePage } from './jobs.ts';
export { startServerAlerts } from './start-alerts.ts';
export { wireInvitation } from './members.ts';
