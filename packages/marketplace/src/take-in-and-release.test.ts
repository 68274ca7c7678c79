import { isRefusal, refuse, type WorkspaceId } from '@purser/core';
import { expect, test } from 'vitest';

import type { TakenIn } from './stripe/take-in.ts';
import { takeInAndRelease } from './take-in-and-release.ts';

const workspaces = ['a', 'b', 'c'] as WorkspaceId[];
const taken: TakenIn = {
  linked: 0,
  duplicate: 1,
  applied: 3,
  ignored: 0,
  refused: 0,
  refusals: [],
  workspaces,
  next: 'events 7',
};

test('a license that cannot be applied is named, and keeps no other from being applied', async () => {
  const released: string[] = [];
  const result = await takeInAndRelease(
    {
      marketplace: { takeIn: async () => taken },
      licenses: {
        async release(workspace) {
          if (workspace === 'b') throw new Error('the database did not answer');
          released.push(workspace);
        },
      },
    },
    { since: Temporal.Instant.from('2026-11-01T00:00:00Z'), pages_max: 5 },
  );
  expect(released).toEqual(['a', 'c']);
  expect(result).toEqual({ ...taken, unreleased: [{ workspace: 'b', why: 'the database did not answer' }] });
});

test('a refusal to take in is passed on, and no license is touched', async () => {
  const off = refuse('not_configured', 'off');
  const result = await takeInAndRelease(
    { marketplace: { takeIn: async () => off }, licenses: { release: () => Promise.reject(new Error('touched')) } },
    { since: Temporal.Instant.from('2026-11-01T00:00:00Z'), pages_max: 5 },
  );
  expect(isRefusal(result) && result).toBe(off);
});
