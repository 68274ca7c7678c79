import type { ModelEntry } from '@purser/catalog';
import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type ModelPrice, type Usage } from '@purser/money';
import type {
  FormFile,
  Transcript,
  TranscriptFormat,
  TranscriptionAnswer,
  TranscriptionCall,
  TranscriptionWishes,
} from '@purser/providers';
import { type PromptBounds, promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import type { Length } from '../audio/recording.ts';
import { fitSteps, type FittedStep } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall, TaskEvent } from '../task.ts';

export interface TranscriptionInput {
  readonly recording: FormFile;
  /** How long it is, found out before: `lengthOf`. */
  readonly length: Length;
  readonly format: TranscriptFormat;
  readonly wishes: TranscriptionWishes;
  readonly stream: boolean;
}

export interface TranscriptionSize extends Size {
  readonly bounds: PromptBounds;
}

export type TranscriptionResult = Transcript;

type Billing = 'tokens' | 'seconds' | 'minutes';
type FittedTranscription = FittedStep<Billing>;

/** Tokens that a second of sound is read as: 10 by OpenAI's audio models, 25 and 32 by Gemini's. */
const TOKENS_PER_SECOND_MAX = 32;

/** A recording written down, billed by its seconds, minutes or tokens, as the price of the model says. */
export class TranscriptionTask implements Task<TranscriptionInput, TranscriptionSize, FittedTranscription, TranscriptionResult> {
  readonly name = 'transcription';
  readonly #providers: GateDeps['providers'];
  readonly #offered: ReadonlySet<string>;

  constructor({ providers }: Pick<GateDeps, 'providers'>) {
    this.#providers = providers;
    this.#offered = providersThat('transcribe', providers);
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  unfit(input: TranscriptionInput, provider: string, model: ModelEntry): string | undefined {
    return this.#providers.get(provider)?.transcribes?.unfit(model.name, input);
  }

  size({ input: { wishes }, policy }: Sizing<TranscriptionInput>): TranscriptionSize | Refusal {
    const words = [wishes.prompt ?? '', ...(wishes.keywords ?? [])].filter((text) => text !== '');
    const bounds = promptBounds(words.map((content) => ({ content })));
    const { input_chars_max } = policy.request;
    if (bounds.chars <= input_chars_max) return { bounds };
    return refuse('request_too_large', `the prompt has ${bounds.chars} characters; the plan allows ${input_chars_max}`);
  }

  /** Half a recording is no transcript: it fits whole or not at all. */
  fit(question: Fitting<TranscriptionInput, TranscriptionSize>): FittedTranscription | Refusal {
    const { length } = question.input;
    const { input_tokens_max } = question.size.bounds;
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      (model, price) => {
        const billing = billingOf(price);
        const most = (seconds: number): Usage => {
          const sound = Math.min(seconds * TOKENS_PER_SECOND_MAX, model.context_tokens);
          return {
            input_tokens: sound + input_tokens_max,
            audio_input_tokens: sound,
            output_tokens: model.output_tokens_max,
            seconds,
          };
        };
        const [held, dearest] = [most(length.seconds), most(length.seconds_max)];
        return [{ shape: billing, most: held, billed: billedOf(held, billing), dearest: billedOf(dearest, billing) }];
      },
    );
  }

  most({ most }: FittedTranscription): Usage {
    return most;
  }

  costOf({ price, shape }: FittedTranscription, usage: Usage) {
    return actualCost(price, billedOf(usage, shape));
  }

  counted({ seconds = 0 }: Usage) {
    return { second: seconds, job: 1 };
  }

  async run(call: TaskCall<TranscriptionInput, FittedTranscription>): Promise<Outcome<TranscriptionResult>> {
    const provider = this.#providerOf(call.fitted);
    if (provider.transcribe === undefined) throw new BrokenInvariant(`${provider.id} writes nothing down`);
    return outcomeOf(await provider.transcribe(providerCall(call)), call);
  }

  async *stream(call: TaskCall<TranscriptionInput, FittedTranscription>): AsyncGenerator<TaskEvent<TranscriptionResult>> {
    const provider = this.#providerOf(call.fitted);
    if (provider.streamTranscription === undefined) throw new BrokenInvariant(`${provider.id} writes nothing down`);
    for await (const event of provider.streamTranscription(providerCall(call))) {
      if (event.type === 'end') yield { type: 'end', outcome: outcomeOf(event.answer, call) };
      else yield { type: 'bytes', bytes: Buffer.from(`data: ${JSON.stringify(event.event)}\n\n`) };
    }
  }

  keep(result: TranscriptionResult): TranscriptionResult {
    return result;
  }

  restore(kept: unknown): TranscriptionResult {
    return kept as TranscriptionResult;
  }

  #providerOf({ model }: FittedTranscription) {
    const provider = this.#providers.get(model.provider);
    if (provider === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider is not configured`);
    return provider;
  }
}

function providerCall({ input, fitted, signal }: TaskCall<TranscriptionInput, FittedTranscription>): TranscriptionCall {
  const { model } = fitted;
  const { recording, format, wishes } = input;
  return { provider: model.provider, model: model.name, recording, format, wishes, signal };
}

/** Seconds count on a quota also where tokens are billed: as the provider told them, else as they were found out. */
function outcomeOf(
  { transcript, usage, model, request_id }: TranscriptionAnswer,
  { input: { length } }: TaskCall<TranscriptionInput, FittedTranscription>,
): Outcome<TranscriptionResult> {
  const counted = usage.certainty === 'none' ? usage : { ...usage, usage: { seconds: length.seconds, ...usage.usage } };
  return { result: transcript, usage: counted, model, ...(request_id === undefined ? {} : { request_id }) };
}

function billingOf({ units }: ModelPrice): Billing {
  if (units.second !== undefined) return 'seconds';
  return units.minute === undefined ? 'tokens' : 'minutes';
}

/** Of a usage what the price is for. */
function billedOf(usage: Usage, billing: Billing): Usage {
  const { seconds = 0, ...tokens } = usage;
  switch (billing) {
    case 'seconds':
      return { input_tokens: 0, output_tokens: 0, seconds };
    case 'minutes':
      return { input_tokens: 0, output_tokens: 0, minutes: Math.ceil(seconds / 60) };
    case 'tokens':
      return tokens;
  }
}
