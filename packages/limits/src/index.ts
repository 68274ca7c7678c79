export { LocalRateLimiter } from './local-limiter.ts';
export {
  abuseRules,
  blockRule,
  type BlockRule,
  type FailureRequest,
  type BucketRule,
  planRules,
  type RateAllowed,
  type RateDecision,
  type RateHeadroom,
  type RateLimiter,
  type RateRequest,
  type RateRule,
  type RateSubject,
  type WindowRule,
} from './rate.ts';
export { refusedSubject } from './refuse-rate.ts';
export { RedisRateLimiter, type RedisRateLimiterOptions } from './redis-limiter.ts';
