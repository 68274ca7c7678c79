export { checkVerified } from './domains/check-verified.ts';
export { openCarriers } from './open-carriers.ts';
export { campaignsMigrations } from './module.ts';
export { refreshReputations } from './reputation/refresh-reputations.ts';
