import type { ModelEntry } from '@purser/catalog';
import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type ModelPrice, type Usage } from '@purser/money';
import { finalReport, type SpeechCall, type SpeechFormat, type UsageReport } from '@purser/providers';
import { type PromptBounds, promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import { secondsMade } from '../audio/duration.ts';
import { fitSteps, type FittedStep } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall, TaskEvent } from '../task.ts';

export interface SpeechInput {
  readonly text: string;
  readonly voice: SpeechCall['voice'];
  readonly instructions: string | undefined;
  /** 0.25 to 4; undefined: 1. */
  readonly speed: number | undefined;
  readonly format: SpeechFormat;
}

export interface SpeechSize extends Size {
  readonly bounds: PromptBounds;
  /** The longest that the text can be spoken. */
  readonly seconds_max: number;
}

export interface SpeechResult {
  readonly format: SpeechFormat;
  /** All of it; null where it is longer than is kept. Who streams has had it in pieces. */
  readonly audio: Uint8Array | null;
}

/** By what a model's price says it bills. */
type Billing = 'characters' | 'tokens' | 'seconds';

interface SpeechShape {
  readonly seconds_max: number;
  readonly billing: Billing;
  readonly characters: number;
}

type FittedSpeech = FittedStep<SpeechShape>;

/** No voice takes longer for a character (a UTF-16 unit) at its own speed: that is what a quota of seconds is held for. */
const SECONDS_PER_CHARACTER_MAX = 0.5;
/** Tokens that a second of sound is made of: 25 by Gemini's documentation, some 21 by OpenAI's prices of a minute and of a token. */
const TOKENS_PER_SECOND_MAX = 32;
/** What is kept of a speech, to be given again or to be measured. */
const KEPT_BYTES_MAX = 2_900_000;

/** A text spoken, billed by the character, by tokens, or by the second, as the price of the model says. */
export class SpeechTask implements Task<SpeechInput, SpeechSize, FittedSpeech, SpeechResult> {
  readonly name = 'speech';
  readonly #providers: GateDeps['providers'];
  readonly #offered: ReadonlySet<string>;

  constructor({ providers }: Pick<GateDeps, 'providers'>) {
    this.#providers = providers;
    this.#offered = providersThat('speak', providers);
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  unfit({ text, format, instructions, speed }: SpeechInput, provider: string, model: ModelEntry): string | undefined {
    const able = this.#providers.get(provider)?.speaks;
    if (able === undefined) return undefined;
    if (!able.formats.has(format)) return `response_format: got ${format}, want one of ${[...able.formats].join(', ')}`;
    if (text.length > able.input_chars_max) return `input: got ${text.length} characters, want ${able.input_chars_max} at most`;
    if (instructions !== undefined && !able.instructs(model.name)) return 'instructions';
    return speed !== undefined && speed !== 1 && !able.speed ? 'speed' : undefined;
  }

  size({ input: { text, instructions, speed }, policy }: Sizing<SpeechInput>): SpeechSize | Refusal {
    if (text.trim() === '') return refuse('invalid_request', 'input: got an empty text; want what is to be spoken');
    const bounds = promptBounds([{ content: text }, ...(instructions === undefined ? [] : [{ content: instructions }])]);
    const { input_chars_max } = policy.request;
    if (bounds.chars > input_chars_max)
      return refuse('request_too_large', `the text has ${bounds.chars} characters; the plan allows ${input_chars_max}`);
    return { bounds, seconds_max: Math.ceil((text.length * SECONDS_PER_CHARACTER_MAX) / (speed ?? 1)) };
  }

  /** Half a text is no speech: it fits whole or not at all. */
  fit(question: Fitting<SpeechInput, SpeechSize>): FittedSpeech | Refusal {
    const { bounds, seconds_max } = question.size;
    const characters = question.input.text.length;
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      (model, price) => {
        const billing = billingOf(price);
        const shape = { seconds_max, billing, characters };
        const most = (tokens: number): Usage => ({
          input_tokens: bounds.input_tokens_max,
          output_tokens: tokens,
          audio_output_tokens: tokens,
          characters,
          seconds: seconds_max,
        });
        const held = most(Math.min(seconds_max * TOKENS_PER_SECOND_MAX, model.output_tokens_max));
        const dearest = most(model.output_tokens_max);
        return [{ shape, most: held, billed: billedOf(held, billing), dearest: billedOf(dearest, billing) }];
      },
    );
  }

  most({ most }: FittedSpeech): Usage {
    return most;
  }

  costOf({ price, shape }: FittedSpeech, usage: Usage) {
    return actualCost(price, billedOf(usage, shape.billing));
  }

  counted({ seconds = 0 }: Usage) {
    return { second: seconds, job: 1 };
  }

  async run(call: TaskCall<SpeechInput, FittedSpeech>): Promise<Outcome<SpeechResult>> {
    const pieces: Uint8Array[] = [];
    for await (const event of this.stream(call)) {
      if (event.type === 'bytes') pieces.push(event.bytes);
      if (event.type !== 'end') continue;
      const { format } = call.input;
      return { ...event.outcome, result: { format, audio: Buffer.concat(pieces) } };
    }
    throw new BrokenInvariant('a speech ended without an end');
  }

  async *stream({ input, fitted, signal }: TaskCall<SpeechInput, FittedSpeech>): AsyncGenerator<TaskEvent<SpeechResult>> {
    const { model, shape } = fitted;
    const provider = this.#providers.get(model.provider);
    if (provider?.speak === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider does not speak`);
    const { text, voice, instructions, speed, format } = input;
    const spoken = new Spoken();
    const call: SpeechCall = {
      provider: model.provider,
      model: model.name,
      input: text,
      voice,
      format,
      counts_wanted: shape.billing === 'tokens',
      ...(instructions === undefined ? {} : { instructions }),
      ...(speed === undefined ? {} : { speed }),
      signal,
    };
    for await (const event of provider.speak(call)) {
      if (event.type === 'bytes') {
        spoken.add(event.bytes);
        yield event;
        continue;
      }
      const seconds = Math.min((await secondsMade(format, spoken.head, spoken.bytes)) ?? shape.seconds_max, shape.seconds_max);
      yield {
        type: 'end',
        outcome: {
          result: { format, audio: spoken.whole },
          usage: countedReport(event.usage, shape, seconds),
          model: event.model,
          ...(event.request_id === undefined ? {} : { request_id: event.request_id }),
        },
      };
    }
  }

  keep({ format, audio }: SpeechResult): unknown {
    return audio === null || audio.length > KEPT_BYTES_MAX ? undefined : { format, audio: Buffer.from(audio).toString('base64') };
  }

  restore(kept: unknown): SpeechResult {
    const { format, audio } = kept as { format: SpeechFormat; audio: string };
    return { format, audio: Buffer.from(audio, 'base64') };
  }
}

/** A price of characters or seconds stands for all there is; else what the model reads and puts out are tokens. */
function billingOf({ units }: ModelPrice): Billing {
  if (units.character !== undefined) return 'characters';
  return units.input_token === undefined && units.second !== undefined ? 'seconds' : 'tokens';
}

/** Of a usage what the price is for. */
function billedOf(usage: Usage, billing: Billing): Usage {
  const { characters = 0, seconds = 0, ...tokens } = usage;
  switch (billing) {
    case 'characters':
      return { input_tokens: 0, output_tokens: 0, characters };
    case 'seconds':
      return { input_tokens: 0, output_tokens: 0, seconds };
    case 'tokens':
      return tokens;
  }
}

/** Characters are those that were sent, and seconds are measured; tokens only the provider can count. */
function countedReport(told: UsageReport, { billing, characters }: SpeechShape, seconds: number): UsageReport {
  if (billing !== 'tokens') return finalReport({ input_tokens: 0, output_tokens: 0, characters, seconds });
  if (told.certainty === 'none') return told;
  return { ...told, usage: { ...told.usage, characters, seconds } };
}

/** The beginning of what was spoken, and how much there was of it. */
class Spoken {
  bytes = 0;
  #pieces: Uint8Array[] = [];
  #kept = 0;

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    const room = KEPT_BYTES_MAX - this.#kept;
    if (room <= 0) return;
    const part = piece.length > room ? piece.subarray(0, room) : piece;
    this.#pieces.push(part);
    this.#kept += part.length;
  }

  get head(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  get whole(): Uint8Array | null {
    return this.#kept === this.bytes ? this.head : null;
  }
}
