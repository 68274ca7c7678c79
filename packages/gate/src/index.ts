export { createGate } from './create-gate.ts';
export type { CallReport, GateDeps, PausePoint, ProviderDirectory } from './deps.ts';
export { type AllowedParameters, estimateLimits } from './estimate.ts';
export { featureRefusal } from './steps/feature.ts';
export type {
  Answer,
  Arrival,
  Bill,
  ChatMessage,
  Degradation,
  Gate,
  GenerateRequest,
  Idempotency,
  OpenAiChatBody,
  OpenAiRequest,
  OpenAiResponse,
  ServedCall,
  StreamPart,
} from './gate.ts';
export { buyOffers } from './offers.ts';
export type { ProviderFailure } from './provider-failure.ts';
export { keepWithinBound } from './unresolved-bound.ts';
