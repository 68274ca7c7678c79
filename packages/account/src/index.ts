export type { AccountDeps } from './deps.ts';
export {
  alertPageSchema,
  alertQuery,
  alertSchema,
  replaceSettings,
  searchOf,
  settingsSchema,
  wireAlert,
  wireSettings,
} from './alerts.ts';
export { countSchema, groupPageSchema, groupQuery, groupSearchOf, markedSchema, markSchema, wireGroup } from './alert-groups.ts';
export { callSchema, wireCall } from './calls.ts';
export { jobPageSchema, jobQuery, wirePage } from './jobs.ts';
export { startServerAlerts } from './start-alerts.ts';
export { wireInvitation } from './members.ts';
