export { createGate } from './create-gate.ts';
export type { GateDeps, PausePoint, ProviderDirectory } from './deps.ts';
export type { CallReport } from './execution/call-watch.ts';
export { type AllowedParameters, estimateLimits } from './tasks/image/estimate.ts';
export { featureRefusal } from './admission/feature.ts';
export type {
  Answer,
  Arrival,
  Bill,
  Called,
  ChatMessage,
  Degradation,
  Gate,
  GenerateRequest,
  Idempotency,
  OpenAiChatBody,
  OpenAiRequest,
  OpenAiResponse,
  ServedCall,
  Spent,
  SpentEnd,
  Streamed,
  StreamedCall,
  StreamedPart,
  StreamPart,
  TaskRequest,
} from './gate.ts';
export { buyOffers } from './admission/offers.ts';
export type { ProviderFailure } from './execution/provider-failure.ts';
export { keepWithinBound } from './execution/unresolved-bound.ts';
export { type EmailInput, type EmailResult, SLICE_MAX } from './tasks/email/email-task.ts';
export type { EmbeddingInput, EmbeddingResult } from './tasks/embedding/embedding-task.ts';
export type { Asked, ChatInput } from './tasks/text/chat-input.ts';
export type { TextResult } from './tasks/text/text-input.ts';
export type { ImageInput, ImageResult } from './tasks/image/image-task.ts';
export type { SpeechInput, SpeechResult } from './tasks/speech/speech-task.ts';
export { type Length, lengthOf } from './tasks/audio/recording.ts';
export type { ModerationInput, ModerationResult } from './tasks/moderation/moderation-task.ts';
export type { TranscriptionInput, TranscriptionResult } from './tasks/transcription/transcription-task.ts';
export { fitSteps, type FittedStep, type Step } from './tasks/fit-steps.ts';
export type { Fitted, Fitting, Outcome, Piece, Size, Sizing, Task, TaskCall, TaskEvent } from './tasks/task.ts';
