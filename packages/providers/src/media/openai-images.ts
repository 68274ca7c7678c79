import type { FailureContext } from '../failure.ts';
import { garbageFailure } from '../failure.ts';
import { isObject, type Json, objectsIn } from '../json.ts';
import type { UsageReport } from '../usage-report.ts';
import { count, part } from '../usage.ts';
import type { ImageAnswer, ImageCall } from './images.ts';

/** The images of an answer in OpenAI's protocol. @throws ProviderError where there are none */
export function imagesOfOpenAi(body: Json | undefined, known: FailureContext, call: ImageCall): ImageAnswer {
  const images = objectsIn(body?.['data']).map(({ b64_json }) => bytesOf(b64_json));
  const whole = images.filter((image) => image !== undefined);
  if (whole.length === 0 || whole.length < images.length)
    throw garbageFailure(known, 'answered no images', JSON.stringify(body ?? '').slice(0, 1_000));
  return {
    images: whole,
    usage: reportOf(body?.['usage'], call, whole.length),
    model: { provider: call.provider, name: call.model },
    ...(known.request_id === undefined ? {} : { request_id: known.request_id }),
  };
}

export function bytesOf(base64: unknown): Buffer | undefined {
  if (typeof base64 !== 'string' || base64 === '') return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === 0 ? undefined : bytes;
}

/**
 * An image has a price by its size and quality, which is that of the tokens it is made of: those are not counted once more. Beside it the
 * prompt is billed, and the images in it; where nothing is said of those, what was drawn is the least.
 */
function reportOf(usage: unknown, { size, quality = 'medium', references }: ImageCall, drawn_count: number): UsageReport {
  const drawn = { output_tokens: 0, images: [{ size, quality, count: drawn_count }] };
  const input_tokens = isObject(usage) ? (count(usage, 'input_tokens') ?? undefined) : undefined;
  if (input_tokens === undefined) return { certainty: 'at_least', usage: { input_tokens: 0, ...drawn } };
  const told = isObject(usage) ? count(part(usage, 'input_tokens_details'), 'image_tokens') : undefined;
  // Which of its tokens were pictures is not said: where there were some, all may have been.
  const image_input_tokens = Math.min(told ?? (references.length > 0 ? input_tokens : 0), input_tokens);
  return {
    certainty: 'final',
    usage: { input_tokens, ...(image_input_tokens > 0 ? { image_input_tokens } : {}), ...drawn },
  };
}
