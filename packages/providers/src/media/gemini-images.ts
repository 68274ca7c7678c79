import { garbageFailure, noAnswerFailure, spokenFailure } from '../failure.ts';
import { AnswerRecord } from '../answer-record.ts';
import { isObject, type Json, objectsIn, textIn } from '../json.ts';
import { usageFromGoogle } from '../usage.ts';
import { wholeReport } from '../usage-report.ts';
import { errorIn } from '../upstream/read-chat.ts';
import { type Endpoint, jsonRequest, sendForJson } from './endpoint.ts';
import { type ImageAbilities, type ImageAnswer, imageBytesMax, type ImageCall } from './images.ts';
import { bytesOf } from './openai-images.ts';

/** The sizes that each aspect ratio is drawn in, as the documentation of `gemini-2.5-flash-image` lists them. */
const RATIOS: Readonly<Record<string, string>> = {
  '1024x1024': '1:1',
  '832x1248': '2:3',
  '1248x832': '3:2',
  '864x1184': '3:4',
  '1184x864': '4:3',
  '896x1152': '4:5',
  '1152x896': '5:4',
  '768x1344': '9:16',
  '1344x768': '16:9',
  '1536x672': '21:9',
};

export const GEMINI_IMAGES: ImageAbilities = {
  // A candidate is one image, and the models that draw make one candidate.
  count_max: 1,
  qualities: false,
  references_max: 3,
  masks: false,
  sizes: new Set(Object.keys(RATIOS)),
};

/** An image by Gemini's generateContent, billed by tokens. @throws ProviderError, also where the answer holds none */
export async function drawGemini(endpoint: Endpoint, call: ImageCall): Promise<ImageAnswer> {
  const { model, prompt, size, references, output_tokens_max, signal } = call;
  const parts = [
    ...references.map(({ bytes, type }) => ({ inlineData: { mimeType: type, data: Buffer.from(bytes).toString('base64') } })),
    { text: prompt },
  ];
  const request = {
    contents: [{ role: 'user', parts }],
    generationConfig: {
      responseModalities: ['TEXT', 'IMAGE'],
      imageConfig: { aspectRatio: RATIOS[size] ?? '1:1' },
      ...(output_tokens_max === undefined ? {} : { maxOutputTokens: output_tokens_max }),
    },
  };
  const path = `/models/${encodeURIComponent(model)}:generateContent`;
  const { body, known } = await sendForJson(endpoint, { ...jsonRequest(path, request, signal), bytes_max: imageBytesMax(call) });
  const error = errorIn(body);
  if (error !== null) throw spokenFailure(known, Object.assign(new AnswerRecord(), { error }));
  const images = partsOf(body).flatMap(({ inlineData, thought }) => {
    // A draft on the way to the image is no answer.
    const bytes = isObject(inlineData) && thought !== true ? bytesOf(inlineData['data']) : undefined;
    return bytes === undefined ? [] : [bytes];
  });
  const usage = isObject(body['usageMetadata']) ? usageFromGoogle(body['usageMetadata']) : null;
  if (images.length === 0) {
    const record = new AnswerRecord();
    record.noteWhole();
    if (usage !== null) record.noteUsage(usage);
    if (usage === null) throw garbageFailure(known, 'answered no images', reasonIn(body));
    throw noAnswerFailure(known, record);
  }
  return {
    images,
    usage: wholeReport(usage && { ...usage, images: [{ size, quality: 'medium', count: images.length }] }),
    model: { provider: call.provider, name: textIn(body['modelVersion']) || model },
    ...(known.request_id === undefined ? {} : { request_id: known.request_id }),
  };
}

function partsOf(body: Json): Json[] {
  return objectsIn(body['candidates']).flatMap(({ content }) => (isObject(content) ? [...objectsIn(content['parts'])] : []));
}

function reasonIn(body: Json): string {
  const [first] = objectsIn(body['candidates']);
  const feedback = body['promptFeedback'];
  return textIn(first?.['finishReason']) || textIn(isObject(feedback) ? feedback['blockReason'] : undefined) || 'no image';
}
