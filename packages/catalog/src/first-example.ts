import type { Catalog, Operation, Plan } from './catalog.ts';
import type { TaskType } from './tables.ts';

/** What somebody new is shown first: one operation, and what to ask of it. */
export interface Example {
  readonly operation: string;
  readonly prompt: string;
}

const PROMPT = 'The harbour opened in 1887. It closed in 1931 after a fire. The town rebuilt it in 1950 with a longer pier.';

/** What a plan can be tried by: its first text operation with an example, else its first. Undefined: it has none. */
export function firstExample({ operations }: Pick<Catalog, 'operations'>, plan: Plan): Example | undefined {
  const able = operations.filter((operation) => isTextFor(operation, plan));
  const chosen = able.find(({ example }) => example !== undefined) ?? able[0];
  return chosen && { operation: chosen.name, prompt: chosen.example ?? PROMPT };
}

/**
 * The plan that shows most of what is for sale without an agreement. Of those that run a text operation the first that has credits to spend,
 * answers without a provider's key, is not agreed with each customer, and is paid for, in this order of weight; without any, the first plan.
 */
export function demoPlan({ plans, operations }: Pick<Catalog, 'plans' | 'operations'>): Plan {
  const able = plans.filter((plan) => firstExample({ operations }, plan) !== undefined);
  const chosen = able.toSorted((one, other) => lacks(one) - lacks(other))[0] ?? plans[0];
  if (chosen === undefined) throw new RangeError('a catalog has at least one plan');
  return chosen;
}

function lacks({ credits_monthly, offline_stand_in, negotiable, price }: Plan): number {
  const wants = [credits_monthly > 0n, offline_stand_in !== undefined, !negotiable, price.nanos > 0n];
  return wants.reduce((lacking, has) => 2 * lacking + (has ? 0 : 1), 0);
}

/**
 * The operation of a call that names none, as in OpenAI's format: of the task's operations of the plan the first without instructions of
 * its own, else the first; of a plan without any, the first there is, which says why not.
 */
export function plainOperation(
  { operations }: Pick<Catalog, 'operations'>,
  plan: Plan,
  task: TaskType = 'text',
): Operation | undefined {
  const ofTask = operations.filter((operation) => operation.task === task);
  const able = ofTask.filter((operation) => isFor(operation, plan));
  return able.find(({ instructions }) => instructions === undefined) ?? able[0] ?? ofTask[0];
}

function isTextFor(operation: Operation, plan: Plan): boolean {
  return operation.task === 'text' && isFor(operation, plan);
}

function isFor({ name, task, feature }: Operation, plan: Plan): boolean {
  const includes = plan.features.includes(feature) && (plan.operations?.includes(name) ?? true);
  const served = (plan.model_policy.providers[task] ?? []).length > 0;
  return includes && served && (task !== 'text' || plan.request.output_tokens_max > 0);
}
