export { effectivePolicy, type PolicyQuestion } from './effective-policy.ts';
export { type LicenceStage, type Origin, originOf, type Policy, type PolicyState } from './policy.ts';
