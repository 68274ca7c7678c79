import { expect, it } from 'vitest';

import { matching } from './match.ts';

const labels = (typed: string): string[] =>
  matching(
    ['Overview', 'Workspaces', 'Audit log', 'Roll-outs', 'Sign out'].map((label) => ({ label })),
    typed,
  ).map(({ label }) => label);

it('finds what has every word, where a word begins first', () => {
  expect(labels('w')).toEqual(['Workspaces', 'Overview']);
  expect(labels('out')).toEqual(['Sign out', 'Roll-outs']);
  expect(labels('LOG aud')).toEqual(['Audit log']);
  expect(labels('nothing')).toEqual([]);
  expect(labels(' ')).toHaveLength(5);
});
