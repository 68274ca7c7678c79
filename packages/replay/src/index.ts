export { replayUsage, type UsageReplay } from './replay-usage.ts';
export { marginOfReplay, type ReplayedPlan } from './replayed-plan.ts';
