export {
  type AnswerFormat,
  type AnswerPart,
  type AnswerPiece,
  type ContentPart,
  type ImagePart,
  imagesIn,
  type TextPart,
  textOf,
  type ThoughtPart,
  type ToolCallPart,
  type ToolChoice,
  type ToolDefinition,
  type ToolResultPart,
} from './chat/parts.ts';
export { mayHoldThoughts, withoutThought } from './chat/thought-ids.ts';
export {
  type Billed,
  type CallSettings,
  type ChatFeature,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedCall,
  type EmbeddingText,
  type Finish,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
  type ProviderErrorDetails,
  type ProviderErrorKind,
  type ProviderMessage,
  type ProviderModel,
  type StreamEvent,
  type Vector,
} from './provider.ts';
export { type SpeechAbilities, type SpeechCall, type SpeechEvent, type SpeechFormat, SPEECH_FORMATS } from './media/speech.ts';
export type { FormFile } from './media/form-file.ts';
export type { ImageAbilities, ImageAnswer, ImageCall, ImageQuality } from './media/images.ts';
export type {
  ModerationAbilities,
  ModerationAnswer,
  ModerationCall,
  ModerationFinding,
  ModerationItem,
} from './media/moderation.ts';
export type {
  Transcript,
  TranscriptFormat,
  TranscriptionAnswer,
  TranscriptionCall,
  TranscriptionWishes,
} from './media/transcription.ts';
export { OFFLINE_PROVIDER_ID, offlineProvider } from './offline/offline-provider.ts';
export { answerBytesMax } from './answer-bytes.ts';
export type { OutputLimitName } from './output-limit.ts';
export { keepsLimit } from './probe.ts';
export { countTokens, takeTokens } from './tokens.ts';
export { type DrainBounds, type Drained, type PassedStream, type StreamSummary } from './upstream/passage.ts';
export {
  openUpstream,
  type PassedWhole,
  type PassThroughRequest,
  type Upstream,
  type UpstreamConfig,
} from './upstream/pass-through.ts';
export { TRANSPORT_LIMITS, type TransportLimits } from './upstream/transport.ts';
export {
  createProviders,
  PROVIDER_IDS,
  type LimitProof,
  type ProviderAccess,
  type Providers,
  type ProvidersConfig,
  type ProvidersLog,
} from './registry.ts';
export { finalReport, NO_REPORT, type UsageReport, wholeReport } from './usage-report.ts';
export { usageFromAnthropic, usageFromGoogle, usageFromOpenAi } from './usage.ts';
