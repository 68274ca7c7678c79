import type { Provider } from '../provider.ts';
import type { Endpoint } from './endpoint.ts';
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
  readonly transcription?: {
    readonly abilities: TranscriptionAbilities;
    transcribe(endpoint: Endpoint, call: TranscriptionCall): Promise<TranscriptionAnswer>;
    stream(endpoint: Endpoint, call: TranscriptionCall): AsyncIterable<TranscriptionEvent>;
  };
}

export const NO_MEDIA: MediaProtocol = {};

/** OpenAI's protocol, as most servers that copy it have it too: which models there are says the catalog. */
export const OPENAI_MEDIA: MediaProtocol = {
  speech: { abilities: OPENAI_SPEECH, speak: speakOpenAi },
  transcription: { abilities: OPENAI_TRANSCRIPTION, transcribe: transcribeOpenAi, stream: streamTranscriptionOpenAi },
};

/** The members of a provider that follow. */
export function mediaOf({ speech, transcription }: MediaProtocol, endpoint: Endpoint): Partial<Provider> {
  return {
    ...(speech && { speaks: speech.abilities, speak: (call: SpeechCall) => speech.speak(endpoint, call) }),
    ...(transcription && {
      transcribes: transcription.abilities,
      transcribe: (call: TranscriptionCall) => transcription.transcribe(endpoint, call),
      streamTranscription: (call: TranscriptionCall) => transcription.stream(endpoint, call),
    }),
  };
}
