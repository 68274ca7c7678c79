import { newId } from '@purser/database';
import { type Catalog, loadCatalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { effectivePolicy, type Policy } from '@purser/policy';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { licenseNotice } from './notice.ts';
import { licenseRefusal } from './refusal.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

const at = (text: string) => Temporal.Instant.from(text);

function policyOf(of: Partial<Workspace>, now: Temporal.Instant): Policy {
  const anchor = at('2026-01-31T09:00:00Z');
  const workspace: Workspace = Object.freeze({
    id: newId<'workspace'>(),
    name: 'Harbour',
    external_id: null,
    plan: 'PRO',
    catalogue_version: catalog.version,
    timezone: 'UTC',
    anchored_at: anchor,
    license: 'active',
    license_since: anchor,
    overrides: {},
    created_at: anchor,
    ...of,
  });
  return effectivePolicy({ workspace, catalog, state: { frozen: false }, now });
}
const noticeOf = (of: Partial<Workspace>, now: Temporal.Instant) => licenseNotice(policyOf(of, now), now);

describe('C5 what a customer is told', () => {
  test('nothing while all is paid', () => expect(noticeOf({}, at('2026-02-10T12:00:00Z'))).toBeNull());

  test('what is off, what goes off next and when on its own clock, and the one thing to do', () => {
    const failed = at('2026-10-20T10:00:00Z');
    const notice = noticeOf({ license: 'grace', license_since: failed, timezone: 'Europe/Berlin' }, failed.add({ hours: 1 }));
    expect(notice).toMatchObject({
      stage: 'grace',
      off: ['ai', 'images', 'speech', 'campaigns'],
      off_next: ['sync', 'studio'],
      text: 'A payment failed, so these are off: ai, images, speech, campaigns. Off from 3 November 2026, 11:00 (Europe/Berlin): sync, studio. Off from 10 November 2026, 11:00 (Europe/Berlin): reports.',
      action: { kind: 'pay', id: 'invoice' },
    });
    const later = noticeOf({ license: 'grace', license_since: failed }, failed.add({ hours: 14 * 24 }));
    expect(later).toMatchObject({
      stage: 'degraded',
      ends_at: failed.add({ hours: 21 * 24 }),
      off_next: ['reports'],
      action: { kind: 'pay', id: 'invoice' },
    });
    const last = noticeOf({ license: 'grace', license_since: failed }, failed.add({ hours: 21 * 24 }));
    expect(last).toMatchObject({ stage: 'degraded', ends_at: null, off_next: [] });
    expect(noticeOf({ license: 'cancelled', license_since: failed }, failed)).toMatchObject({
      stage: 'cancelled',
      what_to_do: expect.stringContaining('Subscribe again') as string,
      action: { kind: 'pay', id: 'subscription' },
    });
  });

  test('of a plan that never had AI only what it has is named', () => {
    const failed = at('2026-10-20T10:00:00Z');
    const notice = noticeOf({ plan: 'STARTER', license: 'grace', license_since: failed }, failed);
    expect(notice).toMatchObject({ off: ['campaigns'], off_next: ['sync'] });
    expect(notice?.text).toMatch(/^A payment failed, so these are off: campaigns\. Off from/);
  });
});

describe('C5 day 15, and the day on which reports go', () => {
  const zones = fc.constantFrom(
    'Pacific/Pago_Pago',
    'America/New_York',
    'UTC',
    'Europe/Berlin',
    'Asia/Kathmandu',
    'Pacific/Kiritimati',
  );
  const instants = fc.bigInt({
    min: at('2027-01-01T00:00:00Z').epochNanoseconds,
    max: at('2028-12-31T00:00:00Z').epochNanoseconds,
  });

  test('begins 14 × 24 h after the failure to the nanosecond, from −11 to +14, over leap day and every change of the clock', () => {
    fc.assert(
      fc.property(instants, zones, (nanoseconds, timezone) => {
        const failed = Temporal.Instant.fromEpochNanoseconds(nanoseconds);
        const grace = { license: 'grace', license_since: failed, timezone } as const;
        const over = failed.add({ hours: 14 * 24 });
        const before = over.subtract({ nanoseconds: 1 });
        const has = (now: Temporal.Instant) =>
          ['ai', 'studio', 'sync', 'reports'].filter((feature) => policyOf(grace, now).features.has(feature));
        const gone = failed.add({ hours: 21 * 24 });
        // What was made is read, edited, exported and published as long as the grace lasts.
        expect(has(failed)).toEqual(['studio', 'sync', 'reports']);
        expect(has(before)).toEqual(['studio', 'sync', 'reports']);
        expect(noticeOf(grace, before)?.ends_at?.epochNanoseconds).toBe(over.epochNanoseconds);
        expect(has(over)).toEqual(['reports']);
        expect(has(gone.subtract({ nanoseconds: 1 }))).toEqual(['reports']);
        expect(has(gone)).toEqual([]);
      }),
    );
  });
});

test('C5 AI and all that costs money is refused under one code, the rest under the other, each with how to pay', () => {
  const failed = at('2026-10-20T10:00:00Z');
  const policy = policyOf({ license: 'grace', license_since: failed }, failed.add({ hours: 22 * 24 }));
  expect(licenseRefusal(policy, 'images')).toMatchObject({ code: 'license_ai_disabled', offers: [{ kind: 'pay' }] });
  expect(licenseRefusal(policy, 'sync')).toMatchObject({ code: 'license_sync_disabled', offers: [{ kind: 'pay' }] });
  expect(licenseRefusal(policy, 'reports')).toMatchObject({
    code: 'license_sync_disabled',
    detail: expect.stringContaining('Harbour') as string,
  });
});
