import { type Catalog, type Complexity, findOperation, type Operation, plainOperation } from '@purser/catalog';
import { type Refusal, refuse } from '@purser/core';
import type { Caller, Workspace } from '@purser/identity';
import type { MeterSpec } from '@purser/meters';
import type { Money } from '@purser/money';
import type { Policy } from '@purser/policy';
import type { Degradation } from '@purser/routing';

import type { Engine } from '../deps.ts';
import type { CallWatch } from '../execution/call-watch.ts';
import type { Arrival, Idempotency } from '../gate.ts';
import type { Size, Task } from '../tasks/task.ts';

/** What every endpoint brings, whatever its task and its format. */
export interface Ask {
  readonly caller: Caller;
  readonly task: Task;
  /** What the task is to work on. */
  readonly input: unknown;
  /** Undefined: none was named, as in OpenAI's format. */
  readonly operation: string | undefined;
  readonly complexity: Complexity;
  readonly cost_max: Money | undefined;
  readonly model: string | undefined;
  /** Who is asked when that one cannot be, or fails, in this order. */
  readonly models: readonly string[];
  readonly idempotency: Idempotency | undefined;
  /** The call as it was counted before its body was read. */
  readonly arrival: Arrival | undefined;
  /** The end user, when the request itself names one. */
  readonly user: string | undefined;
}

/** A call on its way through the steps. A step that adjusts returns another draft. */
export interface Draft {
  readonly ask: Ask;
  readonly input: unknown;
  readonly workspace: Workspace;
  readonly catalog: Catalog;
  readonly policy: Policy;
  readonly operation: Operation;
  readonly user: string | undefined;
  readonly now: Temporal.Instant;
  readonly degraded: readonly Degradation[];
}

/** A draft of which it is known how large it is, and what it counts on. */
export interface SizedDraft extends Draft {
  readonly size: Size;
  /** See `metersFor`. */
  readonly meters: readonly MeterSpec[];
  readonly watch: CallWatch;
}

/** Step one: who spends, under which policy, on what. */
export function identify(engine: Engine, ask: Ask): Draft | Refusal {
  const workspace = ask.caller.workspace;
  if (workspace === undefined) {
    return refuse('invalid_request', 'this key belongs to no workspace; name one in the header Purser-Workspace');
  }
  const now = engine.clock.now();
  const policy = engine.policyOf(workspace, now);
  const { catalog } = policy;
  const operation = operationOf(ask, policy);
  if ('refused' in operation) return operation;
  return {
    ask,
    input: ask.input,
    workspace,
    catalog,
    policy,
    operation,
    user: ask.caller.user ?? ask.user,
    now,
    degraded: [],
  };
}

/** The operation that was named, or the plainest one of the task. */
function operationOf({ operation: named, task }: Ask, { catalog, plan }: Policy): Operation | Refusal {
  if (named === undefined) {
    return (
      plainOperation(catalog, plan, task.name) ??
      refuse('plan_feature_missing', `nothing of the kind ${task.name} is for sale here`)
    );
  }
  const operation = findOperation(catalog, named);
  if (operation?.task === task.name) return operation;
  const known = catalog.operations.filter((one) => one.task === task.name).map(({ name }) => name);
  const given = operation ? `'${named}' is of the kind ${operation.task}` : `there is no '${named.slice(0, 100)}'`;
  const wanted =
    known.length === 0 ? `no operation of the kind ${task.name} is for sale here` : `want one of ${known.join(', ')}`;
  return refuse('invalid_request', `operation: ${given}; ${wanted}`);
}
