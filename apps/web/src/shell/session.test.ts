import type { Person, Session } from '@purser/api';
import { describe, expect, it } from 'vitest';

import { areaFor, mayOpen } from './session.ts';

const workspace = { id: 'w', name: 'Bakery', plan: 'PRO' };
const person: Person = { id: 'p', email: null, role: null, operator: false, workspaces: [], invitations: [] };
const SESSIONS: Readonly<Record<string, Session>> = {
  'a workspace key': { kind: 'workspace', workspace },
  'an operator': { kind: 'admin', workspace: null },
  'an operator in a workspace': { kind: 'admin', workspace },
  'somebody without a workspace': { kind: 'person', person },
};

describe('who may open what', () => {
  it.each([
    ['a workspace key', [true, false, true, true]],
    ['an operator', [false, true, false, true]],
    ['an operator in a workspace', [true, true, true, true]],
    ['somebody without a workspace', [false, false, true, true]],
  ] as const)('%s', (name, [own, console_page, settings, docs]) => {
    const session = SESSIONS[name];
    if (session === undefined) throw new Error(name);
    expect(mayOpen(session, { area: 'workspace' })).toBe(own);
    expect(mayOpen(session, { area: 'operator' })).toBe(console_page);
    expect(mayOpen(session, { area: 'workspace', without_workspace: true })).toBe(settings);
    expect(mayOpen(session, { area: 'public' })).toBe(docs);
  });

  it('an address of nobody shows the side the reader belongs to', () => {
    expect(areaFor({ kind: 'admin', workspace }, undefined)).toBe('operator');
    expect(areaFor({ kind: 'workspace', workspace }, undefined)).toBe('workspace');
    expect(areaFor({ kind: 'admin', workspace }, { area: 'workspace' })).toBe('workspace');
  });
});
