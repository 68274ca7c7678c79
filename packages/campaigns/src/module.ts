import type { SchemaMigrations } from '@purser/database';
import { defineJob } from '@purser/jobs/module';
import type { Module } from '@purser/module';
import { z } from 'zod';

import type { CampaignsDeps } from './deps.ts';

export const campaignsMigrations: SchemaMigrations = {
  schema: 'campaigns',
  directory: new URL('../migrations/', import.meta.url),
};

const STOPPED_EVERY_MS = 5_000;
const RESOLVE_EVERY_MS = 30_000;
const FOUND_EVERY_MS = 5_000;
const STANDINGS_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A worker that is killed costs an attempt, and nothing else. */
const ATTEMPTS_MAX = 50;

/** E-mail to many recipients, through the gate. */
export const campaigns: Module<CampaignsDeps> = {
  name: 'campaigns',
  migrations: campaignsMigrations,
  alert_kinds: [{ kind: 'sender_reputation', title: 'Too many e-mails bounce, or are complained of', for_workspace: true }],
  jobs: [
    defineJob({
      kind: 'campaign_send',
      lane: 'standard',
      attempts_max: ATTEMPTS_MAX,
      timeout_ms: HOUR_MS,
      payload: z.strictObject({ campaign_id: z.uuid() }),
      run: async (deps: CampaignsDeps, job) => (await import('./send-campaign.ts')).sendCampaign(deps, job),
    }),
  ],
  background: [
    {
      name: 'stopped campaigns',
      every_ms: STOPPED_EVERY_MS,
      run: async (deps) => (await import('./end-stopped.ts')).endStopped(deps),
      failure: 'campaigns whose job was stopped could not be ended',
    },
    {
      name: 'campaigns',
      every_ms: RESOLVE_EVERY_MS,
      run: async (deps) => (await import('./resolve-dispatches.ts')).resolveDispatches(deps),
      failure: 'what messages cost whose worker was killed could not be resolved',
    },
    {
      name: 'found messages',
      every_ms: FOUND_EVERY_MS,
      run: async (deps) => (await import('./events/book-found.ts')).bookFound(deps),
      failure: 'what messages cost that a carrier had taken after all could not be booked',
    },
    {
      name: 'carrier events',
      every_ms: HOUR_MS,
      run: async (deps) => (await import('./events/forget-events.ts')).forgetEvents(deps),
      failure: 'which events of carriers were applied could not be forgotten',
    },
    {
      name: 'sender standings',
      every_ms: STANDINGS_EVERY_MS,
      run: async (deps) => (await import('./reputation/refresh-standings.ts')).refreshStandings(deps),
      failure: 'workspaces whose e-mails bounce less again could not be let go on',
    },
  ],
  async routes(app, deps) {
    await (await import('./routes/register-routes.ts')).registerRoutes(app, deps);
  },
};
