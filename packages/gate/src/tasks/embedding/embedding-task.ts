import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type Usage } from '@purser/money';
import { wholeReport } from '@purser/providers';
import { type PromptBounds, promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import { fitSteps, type FittedStep } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall } from '../task.ts';

export interface EmbeddingInput {
  /** One vector is made of each. */
  readonly inputs: readonly string[];
  /** How long each vector is to be; undefined: as the model makes them. */
  readonly dimensions: number | undefined;
}

export interface EmbeddingSize extends Size {
  readonly bounds: PromptBounds;
}

export interface EmbeddingResult {
  /** One for each input, in their order. */
  readonly vectors: readonly (readonly number[])[];
}

type FittedEmbedding = FittedStep<EmbeddingInput>;

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
    const most = this.#providers.get(provider)?.embeds_max ?? Infinity;
    return inputs.length > most ? `input: got ${inputs.length} texts, want ${most} at most` : undefined;
  }

  size({ input, policy }: Sizing<EmbeddingInput>): EmbeddingSize | Refusal {
    const bounds = promptBounds(input.inputs.map((content) => ({ content })));
    const allowed = policy.request.input_chars_max;
    if (bounds.chars <= allowed) return { bounds };
    return refuse('request_too_large', `the texts have ${bounds.chars} characters in all; the plan allows ${allowed} a request`);
  }

  /** Fewer texts would be another answer: it fits whole or not at all. */
  fit(question: Fitting<EmbeddingInput, EmbeddingSize>): FittedEmbedding | Refusal {
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      (model) => [{ shape: question.input, most: { input_tokens: question.size.bounds.tokensMaxFor(model), output_tokens: 0 } }],
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

  keep(result: EmbeddingResult): EmbeddingResult {
    return result;
  }

  restore(kept: unknown): EmbeddingResult {
    return kept as EmbeddingResult;
  }
}
