export { effectivePolicy, type PolicyQuestion } from './effective-policy.ts';
export { explainPolicy, type Explanation } from './explain.ts';
export { licenseStage } from './license.ts';
export { listLevels, type ListedLevel } from './list-levels.ts';
export { openPolicies, type Policies, policyMigrations, setFreeze } from './open-policies.ts';
export { type Degradation, type LicenseStage, type Origin, originOf, type Policy, type PolicyState } from './policy.ts';
export { levelAt } from './ladder.ts';
export { type CountedFor, EVERY_TASK, metersFor } from './meters-for.ts';
export { PAY_AS_YOU_GO, payAsYouGoMeter, soldMeter } from './pay-as-you-go.ts';
export { quotaMeter, quotaOf, type QuotaPlace, type QuotaTerms } from './quota-meters.ts';
export { loweredBetween, type LoweredTerm } from './lowered-between.ts';
export { lowerOverrides } from './lower-overrides.ts';
export { refuseLoss } from './prove-overrides.ts';
export { type Lowered, provenOverrides, withAcceptedLoss } from './proven-overrides.ts';
export { refuseUnknown } from './refuse-unknown.ts';
export { type CeilingRaise, isToCarry, leftOfRaise, raiseCeiling, type SpentRaises, spentOfRaises } from './raise-ceiling.ts';
export { type RaiseMade, raisesBefore } from './raises-before.ts';
export {
  activeRollouts,
  type Arm,
  armOf,
  changeRollout,
  findRollout,
  listRollouts,
  type Rollout,
  startRollout,
  versionFor,
  WHOLE_PPM,
} from './rollout.ts';
export { callsOfRollout } from './rollout-calls.ts';
export { type ActiveLevel, NOTHING_KNOWN, type WorkspaceState } from './workspace-state.ts';
