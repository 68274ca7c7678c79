import { type Endpoint, type EndpointRequest, sendForJson } from './endpoint.ts';
import { formRequest } from './form.ts';
import { type ImageAbilities, type ImageAnswer, imageBytesMax, type ImageCall } from './images.ts';
import { imagesOfOpenAi } from './openai-images.ts';

/** As `POST /v1/images/generations` and `/v1/images/edits` are documented. */
export const OPENAI_IMAGES: ImageAbilities = { count_max: 10, qualities: true, references_max: 16, masks: true };

/** Images changed by a prompt, in OpenAI's protocol. @throws ProviderError, also where the answer holds none */
export async function editOpenAi(endpoint: Endpoint, call: ImageCall): Promise<ImageAnswer> {
  const { body, known } = await sendForJson(endpoint, { ...requestOf(call), bytes_max: imageBytesMax(call) });
  return imagesOfOpenAi(body, known, call);
}

function requestOf({ model, prompt, count, size, quality, references, mask, user, signal }: ImageCall): EndpointRequest {
  return formRequest(
    '/images/edits',
    { model, prompt, n: String(count), size, quality, user },
    { image: references, ...(mask === undefined ? {} : { mask: [mask] }) },
    signal,
  );
}
