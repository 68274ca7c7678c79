import { assert } from '@purser/core';

import { begun, type FailureContext, garbageFailure } from '../failure.ts';
import { isObject, type Json, objectsIn, parseObject } from '../json.ts';
import type { ImageAnswer, ImageCall } from '../provider.ts';
import type { WholeAnswer } from '../upstream/transport.ts';
import type { UsageReport } from '../usage-report.ts';
import type { Access, Protocol } from './protocol.ts';

/** Sends what the SDK writes and gives the whole answer, or throws what went wrong. */
export type SendWhole = (
  call: ImageCall,
  write: (protocol: Protocol, access: Access) => PromiseLike<unknown>,
) => Promise<WholeAnswer>;

/** Images in OpenAI's protocol. @throws ProviderError, also where the answer holds none */
export async function draw(send: SendWhole, context: FailureContext, call: ImageCall): Promise<ImageAnswer> {
  const answer = await send(call, (protocol, access) => {
    assert(protocol.image, `${call.provider} draws no images`);
    return protocol.image(access, call.model).doGenerate({
      prompt: call.prompt,
      n: call.count,
      size: call.size as `${number}x${number}`,
      aspectRatio: undefined,
      seed: undefined,
      files: undefined,
      mask: undefined,
      providerOptions: { openai: { quality: call.quality, ...(call.user === undefined ? {} : { user: call.user }) } },
    });
  });
  const text = answer.body.toString();
  const body = parseObject(text);
  const known = begun(context, answer.headers);
  const images = objectsIn(body?.['data']).map(({ b64_json }) => bytesOf(b64_json));
  const whole = images.filter((image) => image !== undefined);
  if (whole.length === 0 || whole.length < images.length) throw garbageFailure(known, 'answered no images', text.slice(0, 1_000));
  return {
    images: whole,
    usage: reportOf(body?.['usage'], call, whole.length),
    model: { provider: call.provider, name: call.model },
    ...(known.request_id === undefined ? {} : { request_id: known.request_id }),
  };
}

function bytesOf(base64: unknown): Buffer | undefined {
  if (typeof base64 !== 'string' || base64 === '') return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === 0 ? undefined : bytes;
}

/**
 * An image has a price by its size and quality, which is that of the tokens it is made of: those are not counted once more. Beside it the
 * prompt is billed; where nothing is said of that, what was drawn is the least.
 */
function reportOf(usage: unknown, { size, quality }: ImageCall, count: number): UsageReport {
  const drawn = { output_tokens: 0, images: [{ size, quality, count }] };
  const input_tokens = isObject(usage) ? inputOf(usage) : undefined;
  if (input_tokens === undefined) return { certainty: 'at_least', usage: { input_tokens: 0, ...drawn } };
  return { certainty: 'final', usage: { input_tokens, ...drawn } };
}

function inputOf({ input_tokens }: Json): number | undefined {
  return typeof input_tokens === 'number' && Number.isSafeInteger(input_tokens) && input_tokens >= 0 ? input_tokens : undefined;
}
