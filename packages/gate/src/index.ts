export { createGate } from './create-gate.ts';
export type { CallReport, GateDeps, PausePoint, ProviderDirectory } from './deps.ts';
export { type AllowedParameters, estimateLimits } from './estimate.ts';
export { featureRefusal } from './steps/feature.ts';
export type {
  Answer,
  Bill,
  ChatMessage,
  Degradation,
  Gate,
  GenerateRequest,
  Idempotency,
  OpenAiChatBody,
  OpenAiRequest,
  OpenAiResponse,
  StreamPart,
} from './gate.ts';
export { buyOffers } from './offers.ts';
