import type { ProviderModel } from '../provider-model.ts';
import type { UsageReport } from '../usage-report.ts';

/** By OpenAI's names. */
export const SPEECH_FORMATS = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] as const;
export type SpeechFormat = (typeof SPEECH_FORMATS)[number];

/** One text to be spoken. */
export interface SpeechCall {
  readonly provider: string;
  readonly model: string;
  readonly input: string;
  /** A name the provider knows, or a voice of its customer's own. */
  readonly voice: string | { readonly id: string };
  /** How it is to be spoken. */
  readonly instructions?: string;
  /** 1: as the voice speaks by itself. */
  readonly speed?: number;
  readonly format: SpeechFormat;
  /** Whether the model bills what only the provider can count, so that it has to be asked for. */
  readonly counts_wanted: boolean;
  /** Ends the call: a time limit, or a client that went away. */
  readonly signal: AbortSignal;
}

/** Pieces of sound as they come, then exactly one end; a stream that breaks throws a `ProviderError` instead of ending. */
export type SpeechEvent =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly type: 'end';
      /** What the provider said; `none` also where it bills what was sent, which its caller can count. */
      readonly usage: UsageReport;
      readonly model: ProviderModel;
      readonly request_id?: string;
    };

/** What a provider can speak. */
export interface SpeechAbilities {
  readonly formats: ReadonlySet<SpeechFormat>;
  /** Whether a model of its takes them. */
  instructs(model: string): boolean;
  readonly speed: boolean;
  /** The longest text, in UTF-16 units. */
  readonly input_chars_max: number;
}
