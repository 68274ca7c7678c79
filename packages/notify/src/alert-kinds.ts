import { assert } from '@purser/core';
import { z } from 'zod';

/** A kind of alert: what is told by it, and to whom. */
export interface AlertKindDefinition {
  /** As it is stored and asked for: `threshold`. */
  readonly kind: string;
  /** What people read: `Part of a limit is used`. */
  readonly title: string;
  /** Whether the customer sees it of its own workspace; if not it is between the operator and the providers. */
  readonly for_workspace: boolean;
}

type Definition = Omit<AlertKindDefinition, 'kind'>;

/** Those that there are for every product. */
const BUILT_IN = {
  threshold: { for_workspace: true, title: 'A share of a limit is used' },
  anomaly: { for_workspace: true, title: 'An hour cost far more than the hours before it' },
  fraud: { for_workspace: false, title: 'More credits in an hour than the fraud threshold' },
  license: { for_workspace: true, title: 'A payment changed what may be used' },
  overrun: { for_workspace: false, title: 'A call cost more than was reserved for it' },
  unreconciled: { for_workspace: false, title: 'The cost of a call is unresolved' },
  missing: { for_workspace: false, title: 'The database was put back to an older state, and entries of the ledger are gone' },
  provider: { for_workspace: false, title: 'A provider fails, refuses our key, or too much with it is unresolved' },
  payment: { for_workspace: false, title: 'A workspace’s payments need a person' },
  overrides: { for_workspace: false, title: 'What was agreed with a workspace is lowered, because its plan does not pay for it' },
} as const satisfies Readonly<Record<string, Definition>>;

/** One that there is for every product, or one that a module brought. */
export type AlertKind = keyof typeof BUILT_IN | (string & {});

/** Of the whole process: what a kind means is the same wherever it is met. */
const known = new Map<string, Definition>(Object.entries(BUILT_IN));

/** Makes the kinds of a module known. @throws BrokenInvariant when one is known already, with another meaning. */
export function registerAlertKinds(kinds: readonly AlertKindDefinition[]): void {
  for (const definition of kinds) {
    const { kind } = definition;
    const before = known.get(kind);
    assert(before === undefined || before === definition, `the kind of alert ${kind} is defined twice`);
    assert(/^[a-z][a-z_]{0,39}$/.test(kind), `the kind of alert ${kind} is not written in snake_case, of 40 characters at most`);
    known.set(kind, definition);
  }
}

/** Every kind that is known. */
export function alertKinds(): AlertKindDefinition[] {
  return [...known].map(([kind, { title, for_workspace }]) => ({ kind, title, for_workspace }));
}

/** @throws BrokenInvariant when the module of this kind is not turned on. */
export function isForWorkspace(kind: AlertKind): boolean {
  const definition = known.get(kind);
  assert(definition !== undefined, `the kind of alert ${kind} belongs to no module that is turned on`);
  return definition.for_workspace;
}

/** A kind that a caller names. */
export const alertKindSchema = z.string().transform((given, context): AlertKind => {
  if (known.has(given)) return given;
  const message = `want one of ${[...known.keys()].join(', ')}, got ${JSON.stringify(given.slice(0, 60))}`;
  context.issues.push({ code: 'custom', input: given, message });
  return z.NEVER;
});
