import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type Usage } from '@purser/money';
import type { ImageQuality } from '@purser/providers';
import { promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import { fitSteps, type FittedStep, type Step } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall } from '../task.ts';

export interface ImageInput {
  readonly prompt: string;
  readonly count: number;
  /** `1024x1024` */
  readonly size: string;
  readonly quality: ImageQuality;
}

export interface ImageResult {
  readonly images: readonly Uint8Array[];
}

export interface ImageSize extends Size {
  readonly input_tokens_max: number;
  /** No better than a ladder allows. */
  readonly quality: ImageQuality;
}

/** How many are sent for at once. */
export interface ImageShape {
  readonly count: number;
  readonly quality: ImageQuality;
}

type FittedImages = FittedStep<ImageShape>;

const QUALITIES: readonly ImageQuality[] = ['low', 'medium', 'high'];
/** What a provider draws in one call. */
const COUNT_MAX = 10;

/** Images by a prompt, billed by size and quality. Where less is left there are fewer of them, or the next model draws them. */
export class ImageTask implements Task<ImageInput, ImageSize, FittedImages, ImageResult> {
  readonly name = 'image';
  readonly #providers: GateDeps['providers'];
  readonly #offered: ReadonlySet<string>;

  constructor({ providers }: Pick<GateDeps, 'providers'>) {
    this.#providers = providers;
    this.#offered = providersThat('draw', providers);
  }

  offeredBy(): ReadonlySet<string> {
    return this.#offered;
  }

  size({ input: { prompt, count, size, quality }, policy }: Sizing<ImageInput>): ImageSize | Refusal {
    if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX)
      return refuse('invalid_request', `n: got ${count} images; want 1 to ${COUNT_MAX}`);
    if (!/^[1-9]\d{1,4}x[1-9]\d{1,4}$/u.test(size))
      return refuse(
        'invalid_request',
        `size: got ${JSON.stringify(size.slice(0, 100))}; want a width and a height such as 1024x1024`,
      );
    if (prompt.trim() === '') return refuse('invalid_request', 'prompt: got an empty text; want what is to be drawn');
    const { input_chars_max } = policy.request;
    if (prompt.length > input_chars_max)
      return refuse('request_too_large', `the prompt has ${prompt.length} characters; the plan allows ${input_chars_max}`);
    const { input_tokens_max } = promptBounds([{ content: prompt }]);
    const most = policy.image_quality_max ?? 'high';
    if (QUALITIES.indexOf(quality) <= QUALITIES.indexOf(most)) return { input_tokens_max, quality };
    const why = policy.degraded.get('image_quality_max')?.why ?? `no better quality than ${most} is allowed now`;
    return { input_tokens_max, quality: most, cut: { what: `quality ${most} instead of ${quality}`, why } };
  }

  fit(question: Fitting<ImageInput, ImageSize>): FittedImages | Refusal {
    const { input, size } = question;
    const { quality } = size;
    const steps = Array.from({ length: input.count }, (_, less): Step<ImageShape> => {
      const count = input.count - less;
      return {
        shape: { count, quality },
        most: { input_tokens: size.input_tokens_max, output_tokens: 0, images: [{ size: input.size, quality, count }] },
        ...(less > 0 && { smaller: `${count} images instead of ${input.count}` }),
      };
    });
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      () => steps,
    );
  }

  most({ most }: FittedImages): Usage {
    return most;
  }

  costOf({ price }: FittedImages, usage: Usage) {
    return actualCost(price, usage);
  }

  counted({ images = [] }: Usage) {
    return { image: images.reduce((sum, { count }) => sum + count, 0), job: 1 };
  }

  async run({ input, fitted, signal }: TaskCall<ImageInput, FittedImages>): Promise<Outcome<ImageResult>> {
    const { model, shape } = fitted;
    const provider = this.#providers.get(model.provider);
    if (provider?.draw === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider draws no images`);
    const { prompt, size } = input;
    const answer = await provider.draw({ provider: model.provider, model: model.name, prompt, size, ...shape, signal });
    const { images, usage, request_id } = answer;
    return { result: { images }, usage, model: answer.model, ...(request_id === undefined ? {} : { request_id }) };
  }

  keep({ images }: ImageResult): unknown {
    return images.map((image) => Buffer.from(image).toString('base64'));
  }

  restore(kept: unknown): ImageResult {
    return { images: (kept as string[]).map((image) => Buffer.from(image, 'base64')) };
  }
}
