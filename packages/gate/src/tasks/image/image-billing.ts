import type { ModelEntry } from '@purser/catalog';
import type { ModelPrice, Usage } from '@purser/money';
import type { ImageQuality } from '@purser/providers';

/** What is to be drawn, as far as it has a price. */
export interface Drawing {
  readonly count: number;
  readonly size: string;
  /** As it is drawn where nothing is said. */
  readonly quality: ImageQuality;
  /** Of the prompt's words. */
  readonly input_tokens: number;
  /** Of the images in it. */
  readonly image_input_tokens: number;
}

/** What one image is made of at most, words beside it included, where they are billed by tokens: sent as the output limit. */
const TOKENS_PER_IMAGE_MAX = 4_096;

/** An image has a price by its size and quality, or by the tokens it is made of. */
function byPiece({ images }: ModelPrice): boolean {
  return images.length > 0;
}

/** The most tokens that a call may put out, where that is what is billed. */
export function imageTokensMax(price: ModelPrice, { output_tokens_max }: ModelEntry, count: number): number | undefined {
  return byPiece(price) ? undefined : Math.min(count * TOKENS_PER_IMAGE_MAX, output_tokens_max);
}

/** The most that drawing can use; `beyond`: were the output limit not kept. */
export function drawingUsage(price: ModelPrice, model: ModelEntry, drawing: Drawing, beyond = false): Usage {
  const { count, size, quality, input_tokens, image_input_tokens } = drawing;
  const limit = imageTokensMax(price, model, count);
  const tokens = limit === undefined ? 0 : beyond ? model.output_tokens_max : limit;
  return {
    input_tokens: input_tokens + image_input_tokens,
    ...(image_input_tokens > 0 ? { image_input_tokens } : {}),
    output_tokens: tokens,
    ...(tokens > 0 ? { image_output_tokens: tokens } : {}),
    images: [{ size, quality, count }],
  };
}

/** Of a usage what the price is for: images by the piece, or their tokens. */
export function billedDrawing(price: ModelPrice, usage: Usage): Usage {
  const { images = [], image_output_tokens, ...rest } = usage;
  if (byPiece(price)) return { ...rest, output_tokens: 0, images };
  return { ...rest, ...(image_output_tokens === undefined ? {} : { image_output_tokens }) };
}
