import { newId } from '@purser/database';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { armOf, placeOf, type Rollout, versionFor, WHOLE_PPM } from './rollout.ts';

const AT = Temporal.Instant.fromEpochMilliseconds(0);
const rollout = (of: Partial<Rollout> = {}): Rollout => ({
  id: 'r',
  from_version: 'a',
  to_version: 'b',
  seed: 'seed',
  share_ppm: 100_000,
  state: 'running',
  started_at: AT,
  changed_at: AT,
  ...of,
});
const workspaces = Array.from({ length: 20_000 }, () => newId<'workspace'>());

describe('C13 who is moved by a rollout', () => {
  test('is the share that was asked for, and others under another seed', () => {
    const movedBy = (seed: string) => new Set(workspaces.filter((id) => armOf(rollout({ seed }), id) === 'treatment'));
    const [one, two] = [movedBy('one'), movedBy('two')];
    // Four standard deviations of 20,000 draws at a tenth.
    expect(Math.abs(one.size - 2_000)).toBeLessThan(170);
    expect(one.intersection(two).size).toBeLessThan(300);
  });

  test('stays moved when the share grows, and nobody else is when it does not', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 0, max: WHOLE_PPM }), fc.integer({ min: 0, max: WHOLE_PPM }), (id, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        if (armOf(rollout({ share_ppm: less }), id) === 'treatment')
          expect(armOf(rollout({ share_ppm: more }), id)).toBe('treatment');
        expect(placeOf('seed', id)).toBe(placeOf('seed', id));
        expect(armOf(rollout({ share_ppm: 0 }), id)).toBe('control');
        expect(armOf(rollout({ share_ppm: WHOLE_PPM }), id)).toBe('treatment');
        expect(armOf(rollout({ state: 'rolled_back', share_ppm: WHOLE_PPM }), id)).toBe('control');
      }),
    );
  });

  test('is moved on from there by the next rollout; who bought another version is not', () => {
    const all = [rollout({ state: 'completed' }), rollout({ from_version: 'b', to_version: 'c', state: 'completed' })];
    expect(versionFor(all, 'x', 'a')).toBe('c');
    expect(versionFor(all, 'x', 'b')).toBe('c');
    expect(versionFor(all, 'x', 'other')).toBe('other');
    expect(versionFor([], 'x', 'a')).toBe('a');
  });
});
