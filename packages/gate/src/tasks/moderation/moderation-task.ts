import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type ModelPrice, type Usage } from '@purser/money';
import { finalReport, type ModerationFinding, type ModerationItem } from '@purser/providers';
import { type PromptBounds, promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import { fitSteps, type FittedStep } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall } from '../task.ts';

export interface ModerationInput {
  readonly items: readonly ModerationItem[];
}

export interface ModerationSize extends Size {
  readonly bounds: PromptBounds;
  readonly pictures: number;
}

export interface ModerationResult {
  /** One for each item, in their order. */
  readonly findings: readonly ModerationFinding[];
}

type FittedModeration = FittedStep<ModerationInput>;

/** The most tokens that a picture is read as. */
const PICTURE_TOKENS_MAX = 5_000;

/** Texts and pictures judged for what is not allowed, free or billed by the call or by tokens. */
export class ModerationTask implements Task<ModerationInput, ModerationSize, FittedModeration, ModerationResult> {
  readonly name = 'moderation';
  readonly #providers: GateDeps['providers'];
  readonly #offered: ReadonlySet<string>;

  constructor({ providers }: Pick<GateDeps, 'providers'>) {
    this.#providers = providers;
    this.#offered = providersThat('moderate', providers);
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  unfit({ items }: ModerationInput, provider: string): string | undefined {
    const able = this.#providers.get(provider)?.moderates;
    if (able === undefined) return undefined;
    const posts = items.filter((item) => typeof item !== 'string');
    if (posts.length > able.posts_max || (posts.length > 0 && items.length > posts.length))
      return `input: got ${items.length} things with parts, want ${able.posts_max} at most`;
    return picturesIn(items) > 0 && !able.pictures ? 'image_url' : undefined;
  }

  size({ input: { items }, policy }: Sizing<ModerationInput>): ModerationSize | Refusal {
    const texts = items.flatMap((item) =>
      typeof item === 'string' ? [item] : item.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
    );
    const bounds = promptBounds(texts.map((content) => ({ content })));
    const { input_chars_max } = policy.request;
    if (bounds.chars <= input_chars_max) return { bounds, pictures: picturesIn(items) };
    return refuse(
      'request_too_large',
      `the texts have ${bounds.chars} characters in all; the plan allows ${input_chars_max} a request`,
    );
  }

  /** Half of it judged is no judgment: it fits whole or not at all. */
  fit(question: Fitting<ModerationInput, ModerationSize>): FittedModeration | Refusal {
    const { bounds, pictures } = question.size;
    return fitSteps(
      question,
      () => this.counted(),
      (_, price) => {
        const input_tokens = byTokens(price) ? bounds.input_tokens_max + pictures * PICTURE_TOKENS_MAX : 0;
        return [{ shape: question.input, most: { input_tokens, output_tokens: 0, requests: 1 } }];
      },
    );
  }

  most({ most }: FittedModeration): Usage {
    return most;
  }

  costOf({ price }: FittedModeration, usage: Usage) {
    return actualCost(price, usage);
  }

  counted() {
    return { job: 1 };
  }

  async run({ input, fitted, signal }: TaskCall<ModerationInput, FittedModeration>): Promise<Outcome<ModerationResult>> {
    const { model, price } = fitted;
    const provider = this.#providers.get(model.provider);
    if (provider?.moderate === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider does not moderate`);
    const answer = await provider.moderate({ provider: model.provider, model: model.name, items: input.items, signal });
    const { findings, usage, request_id } = answer;
    return {
      result: { findings },
      // A call is one whatever is said of it; tokens only the provider can count.
      usage: byTokens(price) ? usage : finalReport({ input_tokens: 0, output_tokens: 0, requests: 1 }),
      model: answer.model,
      ...(request_id === undefined ? {} : { request_id }),
    };
  }

  keep(result: ModerationResult): ModerationResult {
    return result;
  }

  restore(kept: unknown): ModerationResult {
    return kept as ModerationResult;
  }
}

function picturesIn(items: readonly ModerationItem[]): number {
  return items.reduce(
    (sum, item) => sum + (typeof item === 'string' ? 0 : item.filter(({ type }) => type === 'image_url').length),
    0,
  );
}

/** A price of calls stands for all there is. */
function byTokens({ units }: ModelPrice): boolean {
  return units.request === undefined;
}
