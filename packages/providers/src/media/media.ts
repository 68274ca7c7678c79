import type { Provider } from '../provider.ts';
import type { Endpoint } from './endpoint.ts';
import { drawGemini, GEMINI_IMAGES } from './gemini-images.ts';
import type { ImageAbilities, ImageAnswer, ImageCall } from './images.ts';
import type { ModerationAbilities, ModerationAnswer, ModerationCall } from './moderation.ts';
import { editOpenAi, OPENAI_IMAGES } from './openai-edits.ts';
import { moderateOpenAi, OPENAI_MODERATION } from './openai-moderation.ts';
import { OPENAI_SPEECH, speakOpenAi } from './openai-speech.ts';
import { OPENAI_TRANSCRIPTION, streamTranscriptionOpenAi, transcribeOpenAi } from './openai-transcription.ts';
import type { TranscriptionAbilities, TranscriptionAnswer, TranscriptionCall, TranscriptionEvent } from './transcription.ts';
import type { SpeechAbilities, SpeechCall, SpeechEvent } from './speech.ts';

/** What a protocol can besides chat, each absent where it cannot. */
export interface MediaProtocol {
  readonly speech?: {
    readonly abilities: SpeechAbilities;
    speak(endpoint: Endpoint, call: SpeechCall): AsyncIterable<SpeechEvent>;
  };
  readonly moderation?: {
    readonly abilities: ModerationAbilities;
    moderate(endpoint: Endpoint, call: ModerationCall): Promise<ModerationAnswer>;
  };
  readonly images?: Drawing;
  readonly transcription?: {
    readonly abilities: TranscriptionAbilities;
    transcribe(endpoint: Endpoint, call: TranscriptionCall): Promise<TranscriptionAnswer>;
    stream(endpoint: Endpoint, call: TranscriptionCall): AsyncIterable<TranscriptionEvent>;
  };
}

/** How images are drawn over requests that are written here: from nothing (absent: by the SDK), or from others. */
export interface Drawing {
  readonly abilities: ImageAbilities;
  draw?(endpoint: Endpoint, call: ImageCall): Promise<ImageAnswer>;
  edit(endpoint: Endpoint, call: ImageCall): Promise<ImageAnswer>;
}

export const NO_MEDIA: MediaProtocol = {};

/** What servers that copy OpenAI's protocol have too: which models there are says the catalog. */
export const COMPATIBLE_MEDIA: MediaProtocol = {
  moderation: { abilities: OPENAI_MODERATION, moderate: moderateOpenAi },
  speech: { abilities: OPENAI_SPEECH, speak: speakOpenAi },
  transcription: { abilities: OPENAI_TRANSCRIPTION, transcribe: transcribeOpenAi, stream: streamTranscriptionOpenAi },
};

export const OPENAI_MEDIA: MediaProtocol = {
  ...COMPATIBLE_MEDIA,
  images: { abilities: OPENAI_IMAGES, edit: editOpenAi },
};

export const GEMINI_MEDIA: MediaProtocol = {
  images: { abilities: GEMINI_IMAGES, draw: drawGemini, edit: drawGemini },
};

/** The members of a provider that follow. */
export function mediaOf({ speech, transcription, moderation }: MediaProtocol, endpoint: Endpoint): Partial<Provider> {
  return {
    ...(speech && { speaks: speech.abilities, speak: (call: SpeechCall) => speech.speak(endpoint, call) }),
    ...(moderation && {
      moderates: moderation.abilities,
      moderate: (call: ModerationCall) => moderation.moderate(endpoint, call),
    }),
    ...(transcription && {
      transcribes: transcription.abilities,
      transcribe: (call: TranscriptionCall) => transcription.transcribe(endpoint, call),
      streamTranscription: (call: TranscriptionCall) => transcription.stream(endpoint, call),
    }),
  };
}
