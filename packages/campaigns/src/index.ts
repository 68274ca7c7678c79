export { openCarriers } from './open-carriers.ts';
export { campaignsMigrations } from './module.ts';
export { refreshStandings } from './reputation/refresh-standings.ts';
