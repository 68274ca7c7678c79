export { effectivePolicy, type PolicyQuestion } from './effective-policy.ts';
export { explainPolicy, type Explanation } from './explain.ts';
export { licenceStage } from './licence.ts';
export { listRungs, type RungListed } from './list-rungs.ts';
export { openPolicies, type Policies, policyMigrations, setFreeze } from './open-policies.ts';
export { type Degradation, type LicenceStage, type Origin, originOf, type Policy, type PolicyState } from './policy.ts';
export { refuseLoss } from './prove-overrides.ts';
export { type CeilingRaise, raiseCeiling } from './raise-ceiling.ts';
export type { ActiveRung } from './standing.ts';
