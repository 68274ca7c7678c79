import { isRefusal, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Caller } from '@purser/identity';
import {
  abuseRules,
  type BlockRule,
  blockRule,
  planRules,
  type RateDecision,
  type RateHeadroom,
  type RateRule,
  type RateSubject,
  refusedSubject,
} from '@purser/limits';
import type { Policy } from '@purser/policy';

import type { Engine } from '../deps.ts';
import type { Arrival } from '../gate.ts';
import type { Draft } from './draft.ts';

interface Rules {
  readonly workspace: RateSubject;
  /** Undefined where the plan limits no single user. */
  readonly user: { readonly rules: readonly RateRule[]; readonly block: BlockRule } | undefined;
}
const rulesOf = new WeakMap<Policy, Rules>();

/** Requests that were counted as they arrived: whatever is called for them is not counted again. */
const counted = new WeakSet<Arrival>();

type Rating = Pick<Engine, 'clock' | 'policyOf' | 'rates' | 'refused'>;

/**
 * Counts a call before its body is read, where its workspace or its user was refused a moment ago and must still wait: whoever calls too
 * often costs no work by the size of what it sends. All others are counted once it is known what they ask for.
 */
export function arrive(engine: Rating, caller: Caller, named: string | undefined): Arrived | Promise<Arrived> {
  const { workspace } = caller;
  if (workspace === undefined || engine.refused.isEmpty) return undefined;
  const now = engine.clock.now();
  const arrival = { workspace: workspace.id, user: nameOf(caller.actor, caller.user ?? named) };
  if (!engine.refused.waits(workspace.id, arrival.user, now)) return undefined;
  const decision = decide(engine, engine.policyOf(workspace, now), arrival, now);
  return decision instanceof Promise ? decision.then((decided) => arrivedBy(decided, arrival)) : arrivedBy(decision, arrival);
}

/** Counts a user's action at an endpoint, whatever it takes to do it. */
export async function countAction(engine: Rating, caller: Caller, named: string | undefined): Promise<Arrival | Refusal> {
  const { workspace } = caller;
  if (workspace === undefined) return refuse('forbidden', 'this credential belongs to no workspace; use a key of the workspace');
  const now = engine.clock.now();
  const arrival = { workspace: workspace.id, user: nameOf(caller.actor, caller.user ?? named) };
  return arrivedBy(await decide(engine, engine.policyOf(workspace, now), arrival, now), arrival);
}

type Arrived = Arrival | Refusal | undefined;

function arrivedBy(decision: RateDecision, arrival: Arrival): Arrival | Refusal {
  if (isRefusal(decision)) return decision;
  counted.add(arrival);
  return arrival;
}

/** Counts the call against the rate of its workspace and of its user, unless it was when it arrived. Settles at once when no store is asked. */
export function checkRate(engine: Rating, draft: Draft): Refusal | undefined | Promise<Refusal | undefined> {
  const { ask, workspace, policy, now } = draft;
  const user = nameOf(ask.caller.actor, draft.user);
  const { arrival } = ask;
  if (arrival?.workspace === workspace.id && arrival.user === user && counted.has(arrival)) return undefined;
  const decision = decide(engine, policy, { workspace: workspace.id, user }, now);
  if (decision instanceof Promise) return decision.then((decided) => (isRefusal(decided) ? decided : undefined));
  return isRefusal(decision) ? decision : undefined;
}

/**
 * Counts a call that is refused for what it is, before `checkRate` has: against its workspace alone, for its user's mistakes are counted
 * as such. Returns what the caller is told: the refusal, or that its workspace calls too often.
 */
export async function countRefused(
  engine: Rating,
  { workspace }: Caller,
  arrival: Arrival | undefined,
  refusal: Refusal,
): Promise<Refusal> {
  if (workspace === undefined || refusedSubject(refusal) !== undefined) return refusal;
  if (arrival !== undefined && counted.has(arrival)) return refusal;
  const now = engine.clock.now();
  const decision = await decide(engine, engine.policyOf(workspace, now), { workspace: workspace.id, user: undefined }, now);
  return isRefusal(decision) ? decision : refusal;
}

/** What is left of the rate of a caller's workspace; undefined where it has none. */
export function headroomOf({ rates, policyOf, clock }: Rating, { workspace }: Caller): RateHeadroom | undefined {
  if (workspace === undefined) return undefined;
  const now = clock.now();
  return rates.headroom({ scope: workspace.id, subject: ruleSet(policyOf(workspace, now)).workspace, now });
}

function decide(
  { rates, refused }: Rating,
  policy: Policy,
  call: { readonly workspace: WorkspaceId; readonly user: string | undefined },
  now: Temporal.Instant,
): RateDecision | Promise<RateDecision> {
  const { workspace, user } = ruleSet(policy);
  const subjects = user === undefined || call.user === undefined ? [workspace] : [workspace, { name: call.user, ...user }];
  const decision = rates.decide({ scope: call.workspace, subjects, now });
  if (!(decision instanceof Promise)) return refused.remember(call.workspace, decision, now);
  return decision.then((decided) => refused.remember(call.workspace, decided, now));
}

/** The user of a call, with what its failures count against; undefined where the plan keeps nobody out. */
export function failingUser(
  policy: Policy,
  actor: string,
  user: string | undefined,
): (RateSubject & { readonly block: BlockRule }) | undefined {
  const rules = ruleSet(policy).user;
  return rules && { name: nameOf(actor, user), ...rules };
}

/** Who names no user is one by its key or session. */
function nameOf(actor: string, user: string | undefined): string {
  return `user:${user ?? actor}`;
}

function ruleSet(policy: Policy): Rules {
  const known = rulesOf.get(policy);
  if (known !== undefined) return known;
  const { abuse } = policy;
  const rules = {
    workspace: { name: 'workspace', rules: planRules(policy.rate) },
    user: abuse && { rules: abuseRules(abuse), block: blockRule(abuse) },
  };
  rulesOf.set(policy, rules);
  return rules;
}
