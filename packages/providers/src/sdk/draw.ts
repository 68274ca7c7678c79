import { assert } from '@purser/core';

import { begun, type FailureContext } from '../failure.ts';
import { parseObject } from '../json.ts';
import type { ImageAnswer, ImageCall } from '../media/images.ts';
import { imagesOfOpenAi } from '../media/openai-images.ts';
import type { WholeAnswer } from '../upstream/transport.ts';
import type { Access, Protocol } from './protocol.ts';

/** Sends what the SDK writes and gives the whole answer, or throws what went wrong. */
export type SendWhole = (
  call: ImageCall,
  write: (protocol: Protocol, access: Access) => PromiseLike<unknown>,
) => Promise<WholeAnswer>;

/** Images drawn from nothing in OpenAI's protocol. @throws ProviderError, also where the answer holds none */
export async function draw(send: SendWhole, context: FailureContext, call: ImageCall): Promise<ImageAnswer> {
  const { model, quality, user } = call;
  const answer = await send(call, (protocol, access) => {
    assert(protocol.image, `${call.provider} draws no images`);
    return protocol.image(access, model).doGenerate({
      prompt: call.prompt,
      n: call.count,
      size: call.size as `${number}x${number}`,
      aspectRatio: undefined,
      seed: undefined,
      files: undefined,
      mask: undefined,
      providerOptions: { openai: { ...(quality === undefined ? {} : { quality }), ...(user === undefined ? {} : { user }) } },
    });
  });
  return imagesOfOpenAi(parseObject(answer.body.toString()), begun(context, answer.headers), call);
}
