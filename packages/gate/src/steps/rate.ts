import { isRefusal, type Refusal } from '@purser/base';
import {
  abuseRules,
  type BlockRule,
  blockRule,
  planRules,
  type RateLimiter,
  type RateRule,
  type RateSubject,
} from '@purser/limits';
import type { Policy } from '@purser/policy';

import type { Draft } from '../draft.ts';

interface Rules {
  readonly workspace: RateSubject;
  /** Undefined where the plan limits no single user. */
  readonly user: { readonly rules: readonly RateRule[]; readonly block: BlockRule } | undefined;
}
const rulesOf = new WeakMap<Policy, Rules>();

/** Counts the call against the rate of its workspace and of its user. Settles at once when no store is asked. */
export function checkRate(limiter: RateLimiter, draft: Draft): Draft | Refusal | Promise<Draft | Refusal> {
  const { workspace, user } = ruleSet(draft.policy);
  const subjects = user === undefined ? [workspace] : [workspace, { name: nameOf(draft.ask.caller.actor, draft.user), ...user }];
  const decision = limiter.decide({ scope: draft.workspace.id, subjects, now: draft.now });
  if (decision instanceof Promise) return decision.then((decided) => (isRefusal(decided) ? decided : draft));
  return isRefusal(decision) ? decision : draft;
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
