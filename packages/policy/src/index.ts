export { effectivePolicy, type PolicyQuestion } from './effective-policy.ts';
export { licenceStage } from './licence.ts';
export { type LicenceStage, type Origin, originOf, type Policy, type PolicyState } from './policy.ts';
