import { BrokenInvariant, type Refusal, refuse } from '@purser/core';
import { actualCost, type Usage } from '@purser/money';
import type { FormFile, ImageCall, ImageQuality } from '@purser/providers';
import { promptBounds } from '@purser/routing';

import type { GateDeps } from '../../deps.ts';
import { fitSteps, type FittedStep, type Step } from '../fit-steps.ts';
import { providersThat } from '../providers-that.ts';
import type { Fitting, Outcome, Size, Sizing, Task, TaskCall } from '../task.ts';
import { billedDrawing, drawingUsage, imageTokensMax } from './image-billing.ts';

export interface ImageInput {
  readonly prompt: string;
  readonly count: number;
  /** `1024x1024` */
  readonly size: string;
  /** Undefined: as the model draws by itself, and medium where it has to be told. */
  readonly quality: ImageQuality | undefined;
  /** Images to be changed by the prompt; absent: one is drawn from nothing. */
  readonly references?: readonly FormFile[];
  /** Where the first of them may be changed. */
  readonly mask?: FormFile;
}

export interface ImageResult {
  readonly images: readonly Uint8Array[];
}

export interface ImageSize extends Size {
  readonly input_tokens_max: number;
  /** No better than a ladder allows. */
  readonly quality: ImageQuality | undefined;
}

/** How many are sent for at once. */
export interface ImageShape {
  readonly count: number;
  readonly quality: ImageQuality | undefined;
}

type FittedImages = FittedStep<ImageShape>;

const QUALITIES: readonly ImageQuality[] = ['low', 'medium', 'high'];
const DEFAULT: ImageQuality = 'medium';
/** What a provider draws in one call. */
const COUNT_MAX = 10;
/**
 * Tokens that an image in a prompt is read as: OpenAI counts 65 and 129 for each tile of 512 pixels once its short side is one tile, Gemini
 * 258 for each of 768: so many are an image 38 times as long as it is wide. What a longer one costs is held as exposure.
 */
const REFERENCE_TOKENS_MAX = 5_000;

/** Images by a prompt, billed by size and quality or by tokens. Where less is left there are fewer of them, or the next model draws them. */
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

  unfit({ count, size, quality, references = [], mask }: ImageInput, provider: string): string | undefined {
    const able = this.#providers.get(provider)?.draws;
    if (able === undefined) return undefined;
    if (count > able.count_max) return `n: got ${count}, want ${able.count_max} at most`;
    if (able.sizes?.has(size) === false) return `size: got ${size}, want one of ${[...able.sizes].join(', ')}`;
    if (quality !== undefined && !able.qualities) return 'quality';
    if (references.length > able.references_max) return `image: got ${references.length}, want ${able.references_max} at most`;
    return mask !== undefined && !able.masks ? 'mask' : undefined;
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
    if (QUALITIES.indexOf(quality ?? DEFAULT) <= QUALITIES.indexOf(most)) return { input_tokens_max, quality };
    const why = policy.degraded.get('image_quality_max')?.why ?? `no better quality than ${most} is allowed now`;
    return { input_tokens_max, quality: most, cut: { what: `quality ${most} instead of ${quality ?? DEFAULT}`, why } };
  }

  fit(question: Fitting<ImageInput, ImageSize>): FittedImages | Refusal {
    const { input, size } = question;
    return fitSteps(
      question,
      (usage) => this.counted(usage),
      (model, price) =>
        Array.from({ length: input.count }, (_, less): Step<ImageShape> => {
          const count = input.count - less;
          const drawing = {
            count,
            size: input.size,
            quality: size.quality ?? DEFAULT,
            input_tokens: size.input_tokens_max,
            image_input_tokens: referenceTokens(input),
          };
          const read_whole = { ...drawing, image_input_tokens: hasReferences(input) ? model.context_tokens : 0 };
          const most = drawingUsage(price, model, drawing);
          return {
            shape: { count, quality: size.quality },
            most,
            billed: billedDrawing(price, most),
            dearest: billedDrawing(price, drawingUsage(price, model, read_whole, true)),
            ...(less > 0 && { smaller: `${count} images instead of ${input.count}` }),
          };
        }),
    );
  }

  most({ most }: FittedImages): Usage {
    return most;
  }

  costOf({ price }: FittedImages, usage: Usage) {
    return actualCost(price, billedDrawing(price, usage));
  }

  counted({ images = [] }: Usage) {
    return { image: images.reduce((sum, { count }) => sum + count, 0), job: 1 };
  }

  async run({ input, fitted, signal }: TaskCall<ImageInput, FittedImages>): Promise<Outcome<ImageResult>> {
    const { model, shape, price } = fitted;
    const provider = this.#providers.get(model.provider);
    if (provider?.draw === undefined) throw new BrokenInvariant(`${model.id} was chosen, and its provider draws no images`);
    const { prompt, size, references = [], mask } = input;
    const tokens = imageTokensMax(price, model, shape.count);
    const call: ImageCall = {
      provider: model.provider,
      model: model.name,
      prompt,
      size,
      count: shape.count,
      quality: provider.draws?.qualities === false ? undefined : (shape.quality ?? DEFAULT),
      references,
      ...(mask === undefined ? {} : { mask }),
      ...(tokens === undefined ? {} : { output_tokens_max: tokens }),
      signal,
    };
    const { images, usage, request_id, model: drawn } = await provider.draw(call);
    return { result: { images }, usage, model: drawn, ...(request_id === undefined ? {} : { request_id }) };
  }

  keep({ images }: ImageResult): unknown {
    return images.map((image) => Buffer.from(image).toString('base64'));
  }

  restore(kept: unknown): ImageResult {
    return { images: (kept as string[]).map((image) => Buffer.from(image, 'base64')) };
  }
}

function hasReferences({ references = [] }: ImageInput): boolean {
  return references.length > 0;
}

function referenceTokens({ references = [], mask }: ImageInput): number {
  return (references.length + (mask === undefined ? 0 : 1)) * REFERENCE_TOKENS_MAX;
}
