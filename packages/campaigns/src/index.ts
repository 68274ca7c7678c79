export { openCarriers } from './open-carriers.ts';
export { campaignsMigrations } from './module.ts';
