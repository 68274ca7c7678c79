import { type Refusal, refuse } from '@purser/core';
import { type Catalog, type Complexity, findOperation, type Operation, plainOperation } from '@purser/catalog';
import type { Caller, Workspace } from '@purser/identity';
import type { MeterSpec } from '@purser/meters';
import type { Money } from '@purser/money';
import type { Policy } from '@purser/policy';
import type { Degradation, PromptBounds } from '@purser/routing';

import type { Engine } from './deps.ts';
import type { Arrival, Idempotency } from './gate.ts';

/** What every door brings, whatever its wire format. */
export interface Ask {
  readonly caller: Caller;
  /** Undefined: none was named, as in OpenAI's format. */
  readonly operation: string | undefined;
  readonly complexity: Complexity;
  /** What the prompt can amount to, with the operation's instructions before it. */
  readonly measure: (operation: Operation) => PromptBounds;
  readonly output_tokens_max: number | undefined;
  readonly cost_max: Money | undefined;
  readonly model: string | undefined;
  /** What of the request a provider cannot do as asked, in words for the caller; undefined: nothing. Absent: any provider will do. */
  readonly unfit?: (provider: string) => string | undefined;
  readonly idempotency: Idempotency | undefined;
  /** The call as it was counted before its body was read. */
  readonly arrival: Arrival | undefined;
  /** The end user, when the request itself names one. */
  readonly user: string | undefined;
}

/** A call on its way through the steps. A step that adjusts returns another draft. */
export interface Draft {
  readonly ask: Ask;
  readonly workspace: Workspace;
  readonly catalog: Catalog;
  readonly policy: Policy;
  readonly operation: Operation;
  readonly bounds: PromptBounds;
  readonly user: string | undefined;
  /** What the call counts on: see `metersFor`. Of its policy, until it is known who calls. */
  readonly meters: readonly MeterSpec[];
  readonly now: Temporal.Instant;
  readonly output_tokens: number;
  readonly degraded: readonly Degradation[];
}

/** Step one: who spends, under which policy, on what. */
export function identify(engine: Engine, ask: Ask): Draft | Refusal {
  const workspace = ask.caller.workspace;
  if (workspace === undefined) {
    return refuse('invalid_request', 'this key acts for no workspace by itself; name one in the header Purser-Workspace');
  }
  const now = engine.clock.now();
  const policy = engine.policyOf(workspace, now);
  const { catalog } = policy;
  const operation = ask.operation === undefined ? plainOperation(catalog, policy.plan) : findOperation(catalog, ask.operation);
  if (operation === undefined) {
    if (ask.operation === undefined) return refuse('plan_feature_missing', 'nothing that writes text is for sale here');
    const known = catalog.operations.map(({ name }) => name).join(', ');
    return refuse('invalid_request', `operation: there is no '${ask.operation.slice(0, 100)}'; want one of ${known}`);
  }
  return {
    ask,
    workspace,
    catalog,
    policy,
    operation,
    bounds: ask.measure(operation),
    user: ask.caller.user ?? ask.user,
    meters: policy.meters,
    now,
    output_tokens: ask.output_tokens_max ?? operation.output_tokens_default,
    degraded: [],
  };
}
