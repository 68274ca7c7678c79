import { isRefusal, type Refusal } from '@purser/base';
import { abuseRules, planRules, type RateLimiter, type RateRule } from '@purser/limits';
import type { Policy } from '@purser/policy';

import type { Draft } from '../draft.ts';

interface Rules {
  readonly workspace: readonly RateRule[];
  readonly user: readonly RateRule[];
}
const rulesOf = new WeakMap<Policy, Rules>();

/** Counts the call against the rate of its workspace and of its user. Settles at once when no store is asked. */
export function checkRate(limiter: RateLimiter, draft: Draft): Draft | Refusal | Promise<Draft | Refusal> {
  const rules = ruleSet(draft.policy);
  const subjects = [{ name: 'workspace', rules: rules.workspace }];
  if (rules.user.length > 0) subjects.push({ name: `user:${draft.user ?? draft.ask.caller.actor}`, rules: rules.user });
  const decision = limiter.decide({ scope: draft.workspace.id, subjects, now: draft.now });
  if (decision instanceof Promise) return decision.then((decided) => (isRefusal(decided) ? decided : draft));
  return isRefusal(decision) ? decision : draft;
}

function ruleSet(policy: Policy): Rules {
  const known = rulesOf.get(policy);
  if (known !== undefined) return known;
  const rules = { workspace: planRules(policy.rate), user: policy.abuse ? abuseRules(policy.abuse) : [] };
  rulesOf.set(policy, rules);
  return rules;
}
