import { isRefusal, type Refusal, refuse } from '@purser/core';
import {
  allowedModels,
  type Complexity,
  MODEL_CLASSES,
  type ModelClass,
  type ModelEntry,
  type ModelPolicy,
  type Operation,
  type Plan,
} from '@purser/catalog';

import { chooseVersions } from './versions.ts';

/** The provider that answers by rules where no other is configured and it is not turned off; see its package. */
export const OFFLINE = 'offline';

/** What a caller may write as `model` to leave the choice to us. */
export const AUTO = 'auto';

/** The part of a policy that routing reads. */
export interface RoutingPolicy extends Pick<ModelPolicy, 'providers' | 'pinned' | 'defaultRouting'> {
  readonly visibility: Plan['visibility'];
  /** The best class a ladder still allows. A pin stands above it. */
  readonly model_class_max?: ModelClass;
  /** What ladders change, and why, by the value's name. */
  readonly degraded?: ReadonlyMap<string, Degradation>;
}

/** What was given up to serve a call, and why; shown to the caller. */
export interface Degradation {
  readonly what: string;
  readonly why: string;
}

export interface Candidates {
  /** At least one; the first is the choice, the rest are fallbacks in order. */
  readonly models: readonly ModelEntry[];
  readonly degraded: readonly Degradation[];
}

export interface RoutingQuestion {
  readonly operation: Pick<Operation, 'name' | 'task' | 'classes'>;
  readonly complexity: Complexity;
  readonly policy: RoutingPolicy;
  readonly models: readonly ModelEntry[];
  /** Providers with a key (or an address), and `offline` when it may answer for a plan that none of them serves. */
  readonly providersConfigured: ReadonlySet<string>;
  /** An id, a name or an alias; `auto` or absent: ours to choose. */
  readonly requestedModel?: string;
}

interface Known {
  readonly models: readonly ModelEntry[];
  readonly providersConfigured: ReadonlySet<string>;
  readonly byQuestion: Map<string, Candidates>;
}

/** Policies are frozen and replaced when anything changes, so what was found for one stays found. Bounded by the catalog's own names. */
const known = new WeakMap<RoutingPolicy, Map<string, Known>>();

/**
 * The models that may run a call, best choice first: the operation's classes in their order (it writes the cheapest that is good enough
 * first), within a class the plan's providers in theirs. The offline provider stands in only where it may and no configured provider serves the
 * plan, and never for a model asked for by name, unless the name is its own.
 * Refuses `invalid_request` for a name nobody has, `no_model_allowed` where plan, pin or configuration leave nothing; both list what is allowed.
 */
export function candidatesFor(question: RoutingQuestion): Candidates | Refusal {
  const { operation, complexity, policy, models, providersConfigured, requestedModel } = question;
  let byTask = known.get(policy);
  if (byTask === undefined) known.set(policy, (byTask = new Map<string, Known>()));
  // Each task has providers of its own.
  let before = byTask.get(operation.task);
  if (before?.models !== models || before.providersConfigured !== providersConfigured) {
    before = { models, providersConfigured, byQuestion: new Map() };
    byTask.set(operation.task, before);
  }
  const key = `${operation.name} ${complexity} ${requestedModel ?? AUTO}`;
  const found = before.byQuestion.get(key) ?? findCandidates(question);
  // A refusal may be for any name a caller can think of; remembering those would have no bound.
  if (!isRefusal(found)) before.byQuestion.set(key, found);
  return found;
}

function findCandidates(question: RoutingQuestion): Candidates | Refusal {
  const { operation, policy, models, requestedModel } = question;
  const task = operation.task;
  const allowed = allowedModels(models, policy, task);
  if (requestedModel !== undefined && requestedModel !== AUTO) {
    const named = models.filter((model) => model.task === task && isNamed(model, requestedModel));
    if (named.length === 0)
      return refuse('invalid_request', `there is no ${task} model '${shorten(requestedModel)}'; ${list(allowed)}`);
    const may = [...allowed.filter((model) => named.includes(model)), ...standIns(question, named)];
    if (may.length === 0)
      return refuse('no_model_allowed', `the plan does not allow the model '${requestedModel}'; ${list(allowed)}`);
    return (
      cheaperInstead(question, may, allowed) ??
      reachable(question, may) ??
      unreachableRefusal(question, may, `the model '${requestedModel}'`)
    );
  }
  const pin = policy.pinned[task];
  const routed = pin ? allowed : chooseVersions(allowed, policy.defaultRouting, models);
  const what = pin ? `the model ${pin.model} ${pin.version} that ${task} is pinned to` : operation.name;
  if (routed.length === 0) return refuse('no_model_allowed', `the plan has no model for ${what}`);
  if (pin) return reachable(question, routed) ?? standingIn(question) ?? unreachableRefusal(question, routed, what);
  const found = reachable(question, byClass(question, routed)) ?? standingIn(question);
  if (found === undefined) return unreachableRefusal(question, routed, what);
  return withinLevel(question, found, routed);
}

function withinLevel(question: RoutingQuestion, found: Candidates, routed: readonly ModelEntry[]): Candidates {
  const most = question.policy.model_class_max;
  if (most === undefined || found.models.every((model) => isWithin(model, most))) return found;
  const kept = found.models.filter((model) => isWithin(model, most));
  // Not one of the classes that are good enough: then the best that the level still allows, whatever it is.
  const models = kept.length > 0 ? kept : cheaper(question, routed, most);
  if (models.length === 0) return found;
  const [first, before] = [models[0], found.models[0]];
  const degraded =
    first === before ? found.degraded : [...found.degraded, lesser(question.policy, `${first?.id} instead of ${before?.id}`)];
  return { models, degraded };
}

/** A model that was asked for by name and is of a better class than a level allows: a cheaper one runs instead, and the answer says so. */
function cheaperInstead(
  question: RoutingQuestion,
  may: readonly ModelEntry[],
  allowed: readonly ModelEntry[],
): Candidates | undefined {
  const { policy, operation, models } = question;
  const most = policy.model_class_max;
  if (most === undefined || policy.pinned[operation.task] !== undefined || may.some((model) => isWithin(model, most)))
    return undefined;
  const instead = cheaper(question, chooseVersions(allowed, policy.defaultRouting, models), most);
  if (instead.length === 0) return undefined;
  return { models: instead, degraded: [lesser(policy, `${instead[0]?.id} instead of ${may[0]?.id}`)] };
}

/** What can be called now within the class, the best class first. */
function cheaper(
  { providersConfigured }: RoutingQuestion,
  models: readonly ModelEntry[],
  most: ModelClass,
): readonly ModelEntry[] {
  return models
    .filter((model) => isWithin(model, most) && providersConfigured.has(model.provider))
    .toSorted((a, b) => MODEL_CLASSES.indexOf(b.class) - MODEL_CLASSES.indexOf(a.class));
}

function isWithin(model: ModelEntry, most: ModelClass): boolean {
  return MODEL_CLASSES.indexOf(model.class) <= MODEL_CLASSES.indexOf(most);
}

function lesser({ degraded, model_class_max }: RoutingPolicy, what: string): Degradation {
  return { what, why: degraded?.get('model_class_max')?.why ?? `no model above class ${model_class_max} is allowed now` };
}

/** One model per class and provider. The caller's classes come first; the others only where nothing better can be had. */
function byClass({ operation, complexity }: RoutingQuestion, models: readonly ModelEntry[]): readonly ModelEntry[] {
  const wanted = operation.classes[complexity];
  const rank = (model: ModelEntry) => {
    const index = wanted.indexOf(model.class);
    return index === -1 ? wanted.length : index;
  };
  const seen = new Set<string>();
  return models
    .toSorted((a, b) => rank(a) - rank(b))
    .filter((model) => {
      const place = `${model.provider} ${model.class}`;
      return !seen.has(place) && seen.add(place);
    });
}

/** Keeps what can be called now. Undefined: none of these. */
function reachable(question: RoutingQuestion, models: readonly ModelEntry[]): Candidates | undefined {
  const { operation, policy, providersConfigured, complexity, requestedModel } = question;
  const configured = models.filter(({ provider }) => providersConfigured.has(provider));
  if (configured.length === 0) return undefined;
  if (requestedModel !== undefined && requestedModel !== AUTO) return { models: configured, degraded: [] };
  return goodEnough(configured, policy.pinned[operation.task] ? undefined : operation.classes[complexity], complexity);
}

/** The offline models of `from` where they may answer for a plan: it is served by no configured provider. */
function standIns(
  {
    operation,
    policy,
    providersConfigured,
  }: Pick<RoutingQuestion, 'policy' | 'providersConfigured'> & { readonly operation: Pick<Operation, 'task'> },
  from: readonly ModelEntry[],
): readonly ModelEntry[] {
  const served = (policy.providers[operation.task] ?? []).some((provider) => providersConfigured.has(provider));
  if (served || !providersConfigured.has(OFFLINE)) return [];
  return from.filter((model) => model.provider === OFFLINE && model.task === operation.task);
}

function standingIn(question: RoutingQuestion): Candidates | undefined {
  const offline = standIns(question, question.models);
  return offline.length === 0 ? undefined : { models: offline, degraded: [] };
}

function goodEnough(
  models: readonly ModelEntry[],
  wanted: readonly ModelClass[] | undefined,
  complexity: Complexity,
): Candidates {
  const good = wanted === undefined ? models : models.filter((model) => wanted.includes(model.class));
  if (good.length > 0) return { models: good, degraded: [] };
  const why = `no model of class ${wanted?.join(', ')} is configured for ${complexity} work`;
  return { models, degraded: [{ what: `model class ${models[0]?.class}`, why }] };
}

function isNamed(model: ModelEntry, wanted: string): boolean {
  return model.id === wanted || model.name === wanted || model.aliases.includes(wanted);
}

function unreachableRefusal(question: RoutingQuestion, models: readonly ModelEntry[], what: string): Refusal {
  const providers = [...new Set(models.map((model) => model.provider))].join(', ');
  const others = namable(question).map((model) => model.id);
  const instead = others.length === 0 ? 'no other model can be called either' : `name ${AUTO} or one of ${others.join(', ')}`;
  return refuse('no_model_allowed', `no provider of ${what} is configured here; set a key for ${providers}; ${instead}`);
}

/** What a caller may name now: the plan allows it and its provider is configured, or the offline models where they stand in. */
export function namable(
  question: Pick<RoutingQuestion, 'policy' | 'models' | 'providersConfigured'> & { readonly operation: Pick<Operation, 'task'> },
): readonly ModelEntry[] {
  const { operation, policy, models, providersConfigured } = question;
  const allowed = allowedModels(models, policy, operation.task).filter(({ provider }) => providersConfigured.has(provider));
  return [...allowed, ...standIns(question, models)];
}

function list(models: readonly ModelEntry[]): string {
  return models.length === 0 ? 'the plan allows none' : `the plan allows ${models.map((model) => model.id).join(', ')}`;
}

const SHOWN_MAX = 100;

function shorten(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
