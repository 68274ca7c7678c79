import { unreachable } from '@purser/core';
import type { Usage } from '@purser/money';
import {
  type EmbedAnswer,
  type EmbedCall,
  type Finish,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
  type ProviderModel,
  type StreamEvent,
} from '../provider.ts';
import type { ModerationAnswer, ModerationCall } from '../media/moderation.ts';
import { textOf } from '../chat/parts.ts';
import { finalReport } from '../usage-report.ts';
import { countTokens, takeTokens } from '../tokens.ts';
import { assess, assessment } from './assess.ts';
import { chat } from './chat.ts';
import { draft } from './draft.ts';
import { DIMENSIONS_DEFAULT, DIMENSIONS_MAX, embedText } from './embed.ts';
import { moderate } from './moderate.ts';
import { DRAWS_OFFLINE, drawOffline, OFFLINE_IMAGES } from './draw.ts';
import { FLITE, OFFLINE_SPEECH, speakOffline } from './speak.ts';
import type { SpeechCall } from '../media/speech.ts';
import { outline } from './outline.ts';
import { refine } from './refine.ts';
import { type OfflineRequest, readRequest } from './request.ts';
import { findings, research } from './research.ts';
import { rewrite } from './rewrite.ts';
import { summarise } from './summarise.ts';

export const OFFLINE_PROVIDER_ID = 'offline';

const MODEL: ProviderModel = Object.freeze({ provider: OFFLINE_PROVIDER_ID, name: 'offline-text', version: '1.0.0' });
const EMBEDDING_MODEL: ProviderModel = Object.freeze({ ...MODEL, name: 'offline-embedding' });

/** A stream comes in pieces of about this many UTF-16 units, ending at a word. */
const PIECE_CHARACTERS = 24;

/**
 * Works on the caller's own text by rules and templates: the same call gives the same answer, on any machine, for ever.
 * It is no model and says so: `offline` is true in every answer. Tokens are counted by `countTokens`.
 */
export const offlineProvider: Provider = Object.freeze({
  id: OFFLINE_PROVIDER_ID,
  offline: true,
  // Its rules leave nothing to chance.
  honours: new Set(['temperature', 'top_p', 'top_k', 'seed', 'frequency_penalty', 'presence_penalty', 'json']),
  generate: async (call: ProviderCall) => {
    await turn(call.messages.map(({ content }) => textOf(content)));
    return answer(call);
  },
  stream: streamAnswer,
  embed: async (call: EmbedCall) => {
    const texts = textsOf(call);
    await turn(texts);
    return embedInputs(call, texts);
  },
  ...(DRAWS_OFFLINE ? { draws: OFFLINE_IMAGES, draw: drawOffline } : {}),
  ...(FLITE === undefined ? {} : speakingBy(FLITE)),
  moderates: { pictures: false, posts_max: 1 },
  moderate: async (call: ModerationCall) => {
    const texts = call.items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
    await turn(texts);
    return moderateItems(call, texts);
  },
});

function speakingBy(wasm: string): Pick<Provider, 'speaks' | 'speak'> {
  return { speaks: OFFLINE_SPEECH, speak: (call: SpeechCall) => speakOffline(wasm, call) };
}

/** What is worked on at once; a longer text takes its turn. */
const AT_ONCE_CHARACTERS = 2_000;
let turns: Promise<unknown> = Promise.resolve();

/**
 * Long texts are worked on one at a time, and between two of them everything else that waits is seen to: however many come at once, no
 * other request waits longer than for one of them. As many may wait as the server lets in.
 */
async function turn(texts: readonly string[]): Promise<void> {
  if (texts.reduce((sum, { length }) => sum + length, 0) <= AT_ONCE_CHARACTERS) return;
  turns = turns.then(() => new Promise(setImmediate));
  await turns;
}

async function* streamAnswer(call: ProviderCall): AsyncGenerator<StreamEvent> {
  await turn(call.messages.map(({ content }) => textOf(content)));
  const whole = answer(call);
  let delivered = '';
  for (const piece of piecesOf(whole.text)) {
    // A real stream leaves time for others between its pieces; so does this one.
    await new Promise(setImmediate);
    if (call.signal.aborted) throw aborted(call, delivered);
    delivered += piece;
    yield { type: 'text', text: piece };
  }
  yield { type: 'end', answer: whole };
}

function answer(call: ProviderCall): ProviderAnswer {
  if (call.signal.aborted) throw aborted(call, '');
  const request = readRequest(call.messages, call.operation);
  const { text, finish } =
    call.format?.type === 'json' ? jsonText(request, call.output_tokens_max) : plainText(request, call.output_tokens_max);
  return { text, usage: finalReport(usageOf(call, text)), model: MODEL, finish, offline: true };
}

function usageOf(call: ProviderCall, text: string): Usage {
  const input_tokens = call.messages.reduce((sum, message) => sum + countTokens(textOf(message.content)), 0);
  return { input_tokens, output_tokens: countTokens(text) };
}

function aborted(call: ProviderCall, delivered: string): ProviderError {
  const billed = delivered === '' ? 'no' : usageOf(call, delivered);
  return new ProviderError(OFFLINE_PROVIDER_ID, 'the call was ended before the answer', { kind: 'timeout', billed, delivered });
}

interface Text {
  readonly text: string;
  readonly finish: Finish;
}

function plainText(request: OfflineRequest, tokens_max: number): Text {
  const notes =
    request.characters_left_out > 0 ? `\n\n[${request.characters_left_out} characters beyond the limit were not read.]` : '';
  const whole = work(request) + notes;
  const text = takeTokens(whole, tokens_max);
  return { text, finish: text.length < whole.length ? 'length' : 'stop' };
}

/** One JSON value, still valid when it had to be cut. */
function jsonText(request: OfflineRequest, tokens_max: number): Text {
  const head = { offline: true, operation: request.operation };
  const whole = JSON.stringify({ ...head, ...structured(request) });
  if (countTokens(whole) <= tokens_max) return { text: whole, finish: 'stop' };
  const frame = countTokens(JSON.stringify({ ...head, text: '' }));
  const text = work(request);
  for (let room = tokens_max - frame; room > 0; room = Math.floor(room / 2)) {
    const cut = JSON.stringify({ ...head, text: takeTokens(text, room) });
    if (countTokens(cut) <= tokens_max) return { text: cut, finish: 'length' };
  }
  return { text: takeTokens('{}', tokens_max), finish: 'length' };
}

function structured(request: OfflineRequest): object {
  if (request.operation === 'assess') return assessment(request);
  if (request.operation === 'research') return findings(request);
  return { text: work(request) };
}

function work(request: OfflineRequest): string {
  if (request.operation !== 'chat' && request.material === '') return chat(request);
  switch (request.operation) {
    case 'summarise':
      return summarise(request);
    case 'rewrite':
      return rewrite(request);
    case 'outline':
      return outline(request);
    case 'draft':
      return draft(request);
    case 'assess':
      return assess(request);
    case 'research':
      return research(request);
    case 'refine':
      return refine(request);
    case 'chat':
      return chat(request);
    default:
      return unreachable(request.operation);
  }
}

/** The text in pieces that end at words (in any script) and join to exactly the text. */
function* piecesOf(text: string): Generator<string> {
  let piece = '';
  for (const { segment } of new Intl.Segmenter('und', { granularity: 'word' }).segment(text)) {
    piece += segment;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** By words of the text alone; pictures are not looked at, and refused before. */
function moderateItems({ items, model }: ModerationCall, texts: readonly string[]): ModerationAnswer {
  const input_tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  return {
    findings: items.map(moderate),
    usage: finalReport({ input_tokens, output_tokens: 0 }),
    model: { ...MODEL, name: model },
  };
}

/** Tokens are those of a model; there is none here. */
function textsOf({ inputs }: EmbedCall): string[] {
  return inputs.map((input) => {
    if (typeof input === 'string') return input;
    throw new ProviderError(OFFLINE_PROVIDER_ID, 'input: got tokens, want texts', { kind: 'refused', billed: 'no' });
  });
}

function embedInputs(call: EmbedCall, texts: readonly string[]): EmbedAnswer {
  const dimensions = call.dimensions ?? DIMENSIONS_DEFAULT;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > DIMENSIONS_MAX) {
    throw new ProviderError(OFFLINE_PROVIDER_ID, `dimensions must be 1 to ${DIMENSIONS_MAX}, got ${dimensions}`, {
      kind: 'refused',
      billed: 'no',
    });
  }
  const input_tokens = texts.reduce((sum, input) => sum + countTokens(input), 0);
  return {
    vectors: texts.map((input) => embedText(input, dimensions)),
    usage: { input_tokens, output_tokens: 0 },
    model: EMBEDDING_MODEL,
    offline: true,
  };
}
