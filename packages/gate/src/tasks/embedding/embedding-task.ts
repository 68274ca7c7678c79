import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type Usage } from '@purser/money';
import { type EmbeddingText, type Vector, wholeReport } from '@purser/providers';
import { type PromptBounds, promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import { fitSteps, type FittedStep } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall } from '../task.ts';

export interface EmbeddingInput {
  /** One vector is made of each. */
  readonly inputs: readonly EmbeddingText[];
  /** How long each vector is to be; undefined: as the model makes them. */
  readonly dimensions: number | undefined;
}

export interface EmbeddingSize extends Size {
  readonly bounds: PromptBounds;
  /** Of inputs that came as tokens. */
  readonly tokens: number;
}

export interface EmbeddingResult {
  /** One for each input, in their order. */
  readonly vectors: readonly Vector[];
}

type FittedEmbedding = FittedStep<EmbeddingInput>;

/** What a plan's limit of characters counts a token as, and what a template may put around one input. */
const CHARACTERS_PER_TOKEN = 4;
const TOKENS_BESIDE = 16;
/** Numbers that are kept to be given again; more are megabytes. */
const KEPT_NUMBERS_MAX = 500_000;

/** Vectors of texts. They are compared with those of the same model only, so that no other one stands in for it. */
export class EmbeddingTask implements Task<EmbeddingInput, EmbeddingSize, FittedEmbedding, EmbeddingResult> {
  readonly name = 'embedding';
  readonly substitutes = false;
  readonly #providers: GateDeps['providers'];
  readonly #offered: ReadonlySet<string>;

  constructor({ providers }: Pick<GateDeps, 'providers'>) {
    this.#providers = providers;
    this.#offered = providersThat('embed', providers);
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  unfit({ inputs }: EmbeddingInput, provider: string): string | undefined {
    const { embeds_max: most = Infinity, embeds_tokens = false } = this.#providers.get(provider) ?? {};
    if (!embeds_tokens && inputs.some((input) => typeof input !== 'string'))
      return 'input: got tokens, want a text or a list of texts';
    return inputs.length > most ? `input: got ${inputs.length} texts, want ${most} at most` : undefined;
  }

  size({ input, policy }: Sizing<EmbeddingInput>): EmbeddingSize | Refusal {
    const texts = input.inputs.filter((text) => typeof text === 'string');
    const bounds = promptBounds(texts.map((content) => ({ content })));
    const tokens = input.inputs.reduce((sum, text) => sum + (typeof text === 'string' ? 0 : text.length + TOKENS_BESIDE), 0);
    const chars = bounds.chars + tokens * CHARACTERS_PER_TOKEN;
    const allowed = policy.request.input_chars_max;
    if (chars <= allowed) return { bounds, tokens };
    return refuse('request_too_large', `the texts have ${chars} characters in all; the plan allows ${allowed} a request`);
  }

  /** Fewer texts would be another answer: it fits whole or not at all. */
  fit(question: Fitting<EmbeddingInput, EmbeddingSize>): FittedEmbedding | Refusal {
    const { bounds, tokens } = question.size;
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      (model) => [{ shape: question.input, most: { input_tokens: bounds.tokensMaxFor(model) + tokens, output_tokens: 0 } }],
    );
  }

  most({ most }: FittedEmbedding): Usage {
    return most;
  }

  costOf({ price }: FittedEmbedding, usage: Usage) {
    return actualCost(price, usage);
  }

  counted({ input_tokens, output_tokens }: Usage) {
    return { token: input_tokens + output_tokens, job: 1 };
  }

  async run({ fitted, signal }: TaskCall<EmbeddingInput, FittedEmbedding>): Promise<Outcome<EmbeddingResult>> {
    const { model, shape } = fitted;
    const provider = this.#providers.get(model.provider);
    if (provider?.embed === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider makes no embeddings`);
    const { inputs, dimensions } = shape;
    const answer = await provider.embed({
      provider: model.provider,
      model: model.name,
      inputs,
      ...(dimensions === undefined ? {} : { dimensions }),
      signal,
    });
    return { result: { vectors: answer.vectors }, usage: wholeReport(answer.usage), model: answer.model };
  }

  keep({ vectors }: EmbeddingResult): unknown {
    if (vectors.reduce((sum, { length }) => sum + length, 0) > KEPT_NUMBERS_MAX) return undefined;
    return vectors.map((vector) => (vector instanceof Float32Array ? bytesOf(vector).toString('base64') : vector));
  }

  restore(kept: unknown): EmbeddingResult {
    return { vectors: (kept as (string | number[])[]).map((vector) => (typeof vector === 'string' ? floatsOf(vector) : vector)) };
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}
