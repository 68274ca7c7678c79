import { garbageFailure } from '../failure.ts';
import { isObject, type Json, objectsIn, textIn } from '../json.ts';
import { NO_REPORT } from '../usage-report.ts';
import { type Endpoint, jsonRequest, sendForJson } from './endpoint.ts';
import type { ModerationAbilities, ModerationAnswer, ModerationCall, ModerationFinding } from './moderation.ts';

/** As `POST /v1/moderations` is documented: a list of parts is one post. */
export const OPENAI_MODERATION: ModerationAbilities = { pictures: true, posts_max: 1 };

/** Moderation in OpenAI's protocol, which says nothing of usage. @throws ProviderError */
export async function moderateOpenAi(
  endpoint: Endpoint,
  { provider, model, items, signal }: ModerationCall,
): Promise<ModerationAnswer> {
  const [first] = items;
  const input = items.length === 1 ? first : items;
  const { body, known } = await sendForJson(endpoint, jsonRequest('/moderations', { model, input }, signal));
  const findings = objectsIn(body['results']).filter(isFinding);
  if (findings.length !== items.length)
    throw garbageFailure(known, 'answered no judgment of each text', JSON.stringify(body).slice(0, 1_000));
  const { request_id } = known;
  return {
    findings,
    usage: NO_REPORT,
    model: { provider, name: textIn(body['model']) || model },
    ...(request_id === undefined ? {} : { request_id }),
  };
}

function isFinding(value: Json): value is ModerationFinding & Json {
  return typeof value['flagged'] === 'boolean' && isObject(value['categories']) && isObject(value['category_scores']);
}
