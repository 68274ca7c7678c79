import type { Session } from '@purser/api';
import { expect, test } from 'vitest';

import { tabsFor } from './tabs.ts';

const admin = { kind: 'admin', workspace: null } as Session;

test('what a module of the server brings comes after the pages of the client, for those it is for, and replaces none', () => {
  const modules = [
    { path: '/admin/notes', label: 'Notes', for: 'operator' },
    { path: '/notes', label: 'My notes', for: 'workspace' },
    { path: '/admin/ledger', label: 'Another ledger', for: 'operator' },
  ] as const;
  const [before, after] = [tabsFor(admin, 'operator'), tabsFor(admin, 'operator', modules)];
  expect(after.slice(0, -1)).toEqual(before);
  expect(after.at(-1)).toMatchObject({ path: '/admin/notes', label: 'Notes', served: true });
});
