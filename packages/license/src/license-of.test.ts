import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type LicenseEvent, licenseOf, rankOf } from './license-of.ts';

const CREATED = Temporal.Instant.from('2026-11-01T00:00:00Z');
const at = (text: string) => Temporal.Instant.from(text);

let made = 0;
function event(kind: LicenseEvent['kind'], when: string, reference = 'in_1', id = `evt_${made++}`): LicenseEvent {
  return { id, kind, at: at(when), ranked_at: rankOf(at(when)), reference };
}

const stateOf = (...events: LicenseEvent[]) => {
  const { license, since } = licenseOf(events, CREATED);
  return `${license} since ${since}`;
};

describe('C5 the license is a pure function of the events', () => {
  const events = fc.uniqueArray(
    fc.record({
      id: fc.nat(40).map(String),
      kind: fc.constantFrom<LicenseEvent['kind']>(
        'failed',
        'excused',
        'paid',
        'ended',
        'refunded',
        'set_active',
        'set_grace',
        'set_cancelled',
      ),
      seconds: fc.nat(20),
      reference: fc.constantFrom('in_1', 'in_2', 'in_3'),
    }),
    { selector: ({ id }) => id, maxLength: 14 },
  );
  const built = events.map((list) =>
    list.map(({ id, kind, seconds, reference }) => event(kind, CREATED.add({ seconds }).toString(), reference, id)),
  );

  test('any order of arrival, and any event any number of times, gives the same state', () => {
    const arrivals = built.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.shuffledSubarray(list)),
    );
    fc.assert(
      fc.property(arrivals, ([list, shuffled, again]) => {
        expect(stateOf(...shuffled)).toBe(stateOf(...list));
        expect(stateOf(...again, ...shuffled)).toBe(stateOf(...list));
      }),
      { numRuns: 2_000 },
    );
  });

  test('after a payment that nothing follows it is active, whatever came before', () => {
    fc.assert(
      fc.property(built, (list) => {
        expect(licenseOf([...list, event('paid', '2026-12-01T00:00:00Z')], CREATED).license).toBe('active');
      }),
    );
  });

  test('a grace begins with a failure, a refund or by hand, and never before the first event', () => {
    fc.assert(
      fc.property(built, (list) => {
        const { license, since } = licenseOf(list, CREATED);
        if (license !== 'grace') return;
        const causes = list.filter(({ kind }) => ['failed', 'refunded', 'set_grace'].includes(kind));
        expect(causes.some((cause) => Temporal.Instant.compare(cause.at, since) === 0)).toBe(true);
      }),
    );
  });
});

describe('C5 what each event does', () => {
  test('nothing said: active since the workspace was made', () => expect(stateOf()).toBe(`active since ${CREATED}`));

  test('grace is counted from the first failed payment, not from the last try', () => {
    const tries = ['2026-11-05T10:00:00Z', '2026-11-08T10:00:00Z', '2026-11-12T10:00:00Z'].map((when) => event('failed', when));
    expect(stateOf(...tries)).toBe('grace since 2026-11-05T10:00:00Z');
  });

  test('a failure that comes late and is older than the payment changes nothing; an older first failure moves the grace back', () => {
    const failed = event('failed', '2026-11-05T10:00:00Z');
    expect(stateOf(event('paid', '2026-11-06T10:00:00Z'), failed)).toBe('active since 2026-11-06T10:00:00Z');
    expect(stateOf(event('failed', '2026-11-08T10:00:00Z'), failed)).toBe('grace since 2026-11-05T10:00:00Z');
  });

  test('failed and paid in the same second: paid, if it is the same payment; else the next one failed', () => {
    const same = '2026-11-05T10:00:00Z';
    expect(stateOf(event('paid', same, 'in_1'), event('failed', same, 'in_1'))).toContain('active');
    expect(stateOf(event('paid', same, 'in_1'), event('failed', same, 'in_2'))).toContain('grace');
  });

  test('a failure after the end leaves it ended; a payment after the end restores', () => {
    const ended = event('ended', '2026-11-05T10:00:00Z');
    expect(stateOf(ended, event('failed', '2026-11-06T10:00:00Z'))).toBe('cancelled since 2026-11-05T10:00:00Z');
    expect(stateOf(ended, event('paid', '2026-11-07T10:00:00Z'))).toBe('active since 2026-11-07T10:00:00Z');
  });

  test('a refund of the payment the license stands on is a payment that failed; of an older or an unknown one it is nothing', () => {
    const first = event('paid', '2026-11-02T10:00:00Z', 'in_1');
    const second = event('paid', '2026-12-02T10:00:00Z', 'in_2');
    const back = (reference: string) => event('refunded', '2026-12-03T10:00:00Z', reference);
    expect(stateOf(first, second, back('in_2'))).toBe('grace since 2026-12-03T10:00:00Z');
    expect(stateOf(first, second, back('in_1'))).toContain('active');
    expect(stateOf(first, second, back('in_9'))).toContain('active');
    expect(stateOf(first, second, back('in_2'), event('paid', '2026-12-04T10:00:00Z', 'in_3'))).toContain('active');
  });

  test('what was paid for a change is given back without the license, which stands on the month; when all is given back, it is gone', () => {
    const month = event('paid', '2026-11-02T10:00:00Z', 'in_1');
    const change = { ...event('paid', '2026-11-03T10:00:00Z', 'in_2'), adds: true };
    const back = (reference: string, day = 4) => event('refunded', `2026-11-0${day}T10:00:00Z`, reference);
    expect(stateOf(month, change, back('in_2'))).toContain('active');
    expect(stateOf(month, change, back('in_1'))).toContain('active');
    expect(stateOf(month, change, back('in_2'), back('in_1', 5))).toBe('grace since 2026-11-05T10:00:00Z');
    // Nothing stood when it was paid, or the next month was paid since.
    expect(stateOf({ ...change, subscription: 'sub_1' }, { ...back('in_2'), subscription: 'sub_1' })).toContain('grace');
    expect(
      stateOf(month, change, event('paid', '2026-12-02T10:00:00Z', 'in_3'), event('refunded', '2026-12-03T10:00:00Z', 'in_3')),
    ).toContain('grace');
  });

  test('by hand counts over what was known, and what happens to payments later counts again', () => {
    const failed = event('failed', '2026-11-05T10:00:00Z');
    const byHand = { ...event('set_active', '2026-11-05T10:00:00.400Z'), ranked_at: at('2026-11-05T10:00:01Z') };
    expect(stateOf(failed, byHand)).toContain('active');
    expect(stateOf(failed, byHand, event('failed', '2026-11-08T10:00:00Z'))).toBe('grace since 2026-11-08T10:00:00Z');
  });

  test('a time in whole seconds, as payment providers give it, is not older than what was set by hand within that second', () => {
    const byHand = { ...event('set_grace', '2026-11-05T10:00:00.400Z'), ranked_at: at('2026-11-05T10:00:00.400Z') };
    expect(stateOf(byHand, event('paid', '2026-11-05T10:00:00Z'))).toContain('active');
  });
});

test('what had failed is owed no more when its invoice was called off or its subscription is in order again; what was given back is', () => {
  const of = (kind: LicenseEvent['kind'], day: number, reference: string): LicenseEvent => ({
    ...event(kind, `2026-11-0${day}T00:00:00Z`, reference),
    subscription: 'sub_1',
  });
  const paid = of('paid', 1, 'in_1');
  const failed = [of('failed', 2, 'in_2'), of('failed', 3, 'in_3')];
  expect(stateOf(paid, ...failed, of('excused', 4, 'in_2'))).toMatch(/^grace/);
  expect(stateOf(paid, ...failed, of('excused', 4, 'in_2'), of('excused', 5, 'in_3'))).toMatch(/^active/);
  expect(stateOf(paid, ...failed, of('excused', 4, 'sub_1'))).toMatch(/^active/);
  expect(stateOf(paid, of('refunded', 2, 'in_1'), of('excused', 4, 'sub_1'))).toMatch(/^grace/);
  expect(stateOf(paid, of('ended', 2, 'sub_1'), of('excused', 4, 'sub_1'))).toMatch(/^cancelled/);
});
