import { newId } from '@purser/database';
import { type Catalog, loadCatalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { meterId } from '@purser/meters';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { effectivePolicy } from './effective-policy.ts';
import { EVERY_TASK, metersFor } from './meters-for.ts';
import { PAY_AS_YOU_GO } from './pay-as-you-go.ts';
import type { Policy } from './policy.ts';

const at = (text: string) => Temporal.Instant.from(text);
const ANCHOR = '2026-09-30T00:00:00Z';
const NOW = at('2026-10-15T00:00:00Z');
const DEFAULT = new URL('../../../catalogs/default.yaml', import.meta.url).pathname;
const SCANS = {
  key: 'scans_day',
  unit: 'scan',
  window: 'day',
  scope: 'workspace',
  counts: ['scan'],
  label: 'Scans a day',
} as const;

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(DEFAULT, { quotas: [SCANS], tasks: [{ name: 'scan' }] });
});

function policyOf(overrides: Workspace['overrides'], timezone = 'UTC'): Policy {
  const workspace: Workspace = Object.freeze({
    id: newId<'workspace'>(),
    name: 'Acme',
    external_id: null,
    plan: 'PRO',
    catalogue_version: catalog.version,
    timezone,
    anchored_at: at(ANCHOR),
    license: 'active',
    license_since: at(ANCHOR),
    overrides,
    created_at: at(ANCHOR),
  });
  return effectivePolicy({ workspace, catalog, state: { frozen: false }, now: NOW });
}

const keysOf = (task: string, policy: Policy, user?: string) =>
  metersFor(task, policy, { user }, NOW)
    .filter((meter) => meter.class === 'quota')
    .map(({ key }) => key);

test('each task takes from its own quotas, the longest window first, and a quota of a module from that of its task alone', () => {
  const quotas = {
    jobs_day: 5,
    tokens_week: 100,
    jobs_user_day: 2,
    emails_day: 9,
    scans_day: 3,
    tokens_month: 500,
    jobs_month: null,
  };
  const policy = policyOf({ quotas });
  expect(keysOf('text', policy, 'ada')).toEqual(['tokens', 'tokens_week', 'jobs_day', 'jobs_user_day:ada']);
  expect(keysOf('image', policy, 'ada')).toEqual(['images_month', 'jobs_day', 'jobs_user_day:ada']);
  expect(keysOf('scan', policy, 'ada')).toEqual(['scans_day']);
  expect(keysOf('email', policy)).toEqual(['emails_month', 'emails_day']);
  expect(keysOf(EVERY_TASK, policy)).toEqual([
    'tokens',
    'images_month',
    'audio_seconds_month',
    'emails_month',
    'tokens_week',
    'jobs_day',
    'emails_day',
    'scans_day',
  ]);
});

test('what every paid call takes from comes first, then credits sold one by one, last what is allocated', () => {
  const price = { amount: '0.10', currency: 'EUR' };
  const policy = policyOf({ pay_as_you_go: { credits_max: 50, price }, quotas: { tokens_month: null, jobs_month: null } });
  const allocated = [{ ...policy.meters[0]!, key: 'credits:team:sales' }];
  const keys = metersFor('text', policy, { allocated }, NOW).map(({ key }) => key);
  expect(keys).toEqual(['credits', 'cost', 'concurrency', 'cost', PAY_AS_YOU_GO, 'credits:team:sales']);
  expect(metersFor('text', policy, {}, NOW)).toBe(metersFor('text', policy, {}, NOW));
});

test('at every instant each meter is of the window that holds it, whatever was asked before', () => {
  const policy = policyOf({ quotas: { jobs_day: 5, tokens_week: 100, jobs_user_day: 2 } }, 'America/New_York');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 14 * 86_400 }), { maxLength: 30 }), (seconds) => {
      for (const second of seconds.toSorted((a, b) => a - b)) {
        const now = NOW.add({ seconds: second });
        const quotas = metersFor('text', policy, { user: 'ada' }, now).filter((meter) => meter.class === 'quota');
        const fresh = metersFor('text', { ...policy }, { user: 'ada' }, now).filter((meter) => meter.class === 'quota');
        expect(quotas.map(meterId)).toEqual(fresh.map(meterId));
        for (const { window_start, window_end } of quotas) {
          expect(Temporal.Instant.compare(window_start, now)).toBeLessThanOrEqual(0);
          expect(Temporal.Instant.compare(now, window_end!)).toBeLessThan(0);
        }
      }
    }),
    { numRuns: 20 },
  );
});
