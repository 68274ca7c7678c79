import type { ProviderModel } from '../provider-model.ts';
import type { FormFile } from './form-file.ts';
import type { UsageReport } from '../usage-report.ts';

/** By OpenAI's names. */
export const TRANSCRIPT_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/** One recording to be written down. */
export interface TranscriptionCall {
  readonly provider: string;
  readonly model: string;
  readonly recording: FormFile;
  readonly format: TranscriptFormat;
  readonly wishes: TranscriptionWishes;
  /** Ends the call: a time limit, or a client that went away. */
  readonly signal: AbortSignal;
}

/** What may be asked besides, by OpenAI's names; absent: not asked. */
export interface TranscriptionWishes {
  readonly language?: string;
  readonly languages?: readonly string[];
  readonly prompt?: string;
  readonly keywords?: readonly string[];
  readonly temperature?: string;
  readonly include?: readonly string[];
  readonly timestamp_granularities?: readonly string[];
  readonly chunking_strategy?: 'auto';
}

export interface Transcript {
  readonly text: string;
  /** The provider's answer, without its word on usage. */
  readonly told: Readonly<Record<string, unknown>>;
}

export interface TranscriptionAnswer {
  readonly transcript: Transcript;
  readonly usage: UsageReport;
  readonly model: ProviderModel;
  readonly request_id?: string;
}

/** Events for the reader as they come, then exactly one end; a stream that breaks throws a `ProviderError` instead of ending. */
export type TranscriptionEvent =
  | { readonly type: 'event'; readonly event: Readonly<Record<string, unknown>> }
  | { readonly type: 'end'; readonly answer: TranscriptionAnswer };

/** What a provider can write down. */
export interface TranscriptionAbilities {
  /** What a model of its cannot do as asked, by the name of the member; undefined: nothing. */
  unfit(model: string, call: Pick<TranscriptionCall, 'format' | 'wishes'> & { readonly stream: boolean }): string | undefined;
}
