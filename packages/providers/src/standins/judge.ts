import { isObject, type Json, objectsIn, textIn } from '../json.ts';

/**
 * What the vendors' servers refuse by their published references, as far as a gateway can get it wrong: a member of another vendor's
 * format, a result without its call, a choice without tools. The first thing found, in words; undefined: nothing.
 */
export type Judge = (body: Json) => string | undefined;

const members = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/u));

function unknownIn(value: Json, known: ReadonlySet<string>, at = ''): string | undefined {
  const other = Object.keys(value).find((member) => !known.has(member));
  return other === undefined ? undefined : `Unrecognized request argument supplied: ${at}${other}`;
}

function firstOf(...checks: readonly (string | undefined | false)[]): string | undefined {
  return checks.find((check): check is string => typeof check === 'string');
}

/** https://platform.openai.com/docs/api-reference/chat/create */
const OPENAI =
  members(`audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages
  metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort
  response_format safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p
  user verbosity web_search_options`);
const OPENAI_MESSAGE = members('role content name tool_calls tool_call_id refusal function_call audio');
const OPENAI_ID_MAX = 40;

export const judgeOpenAi: Judge = (body) => {
  const tools = objectsIn(body['tools']);
  return firstOf(
    unknownIn(body, OPENAI),
    tools.length === 0 && body['tool_choice'] !== undefined && "'tool_choice' is only allowed when 'tools' are specified.",
    tools.length === 0 &&
      body['parallel_tool_calls'] !== undefined &&
      "'parallel_tool_calls' is only allowed when 'tools' are specified.",
    tools
      .map((tool, index) =>
        isObject(tool['function']) && textIn(tool['function']['name']) !== ''
          ? undefined
          : `tools[${index}].function.name is missing`,
      )
      .find((wrong) => wrong !== undefined),
    openAiMessages(objectsIn(body['messages'])),
  );
};

function openAiMessages(messages: readonly Json[]): string | undefined {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}].`;
    const wrong = unknownIn(message, OPENAI_MESSAGE, at);
    if (wrong !== undefined) return wrong;
    if (message['role'] === 'tool') {
      if (!open.delete(textIn(message['tool_call_id']))) return `${at}tool_call_id has no preceding tool call`;
      continue;
    }
    if (open.size > 0) return `${at}role: tool calls ${[...open].join(', ')} have no answer`;
    const calls = objectsIn(message['tool_calls']);
    open = new Set(calls.map(({ id }) => textIn(id)));
    if (calls.some(({ id }) => textIn(id).length > OPENAI_ID_MAX))
      return `${at}tool_calls[0].id: string too long, want at most ${OPENAI_ID_MAX}`;
    for (const part of objectsIn(message['content'])) {
      if (!['text', 'image_url', 'refusal'].includes(textIn(part['type'])))
        return `${at}content: unknown type ${textIn(part['type'])}`;
    }
  }
  return undefined;
}

/** https://platform.claude.com/docs/en/api/messages; sampling as the models of the catalog still take it. */
const ANTHROPIC =
  members(`max_tokens messages model cache_control container metadata output_config service_tier stop_sequences stream
  system temperature thinking tool_choice tools top_k top_p`);
const BLOCKS = members('text image tool_use tool_result thinking redacted_thinking document');
const ANTHROPIC_ID = /^[\w-]+$/u;

export const judgeAnthropic: Judge = (body) => {
  const tools = objectsIn(body['tools']);
  const { temperature } = body;
  return firstOf(
    unknownIn(body, ANTHROPIC),
    typeof body['max_tokens'] !== 'number' && 'max_tokens: Field required',
    typeof temperature === 'number' && (temperature < 0 || temperature > 1) && 'temperature: range: 0..1',
    tools.length === 0 && body['tool_choice'] !== undefined && 'tool_choice may only be specified while providing tools',
    tools.some((tool) => !isObject(tool['input_schema']) || tool['input_schema']['type'] !== 'object') &&
      'tools.0.custom.input_schema.type: Field required',
    anthropicMessages(objectsIn(body['messages'])),
  );
};

function anthropicMessages(messages: readonly Json[]): string | undefined {
  let open = new Set<string>();
  for (const [index, { role, content, ...rest }] of messages.entries()) {
    const at = `messages.${index}`;
    if (role !== 'user' && role !== 'assistant') return `${at}.role: Input should be 'user' or 'assistant'`;
    if (Object.keys(rest).length > 0) return `${at}.${Object.keys(rest)[0]}: Extra inputs are not permitted`;
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content } as Json] : objectsIn(content);
    const unknown = blocks.find(({ type }) => !BLOCKS.has(textIn(type)));
    if (unknown !== undefined)
      return `${at}.content: Input tag '${textIn(unknown['type'])}' does not match any of the expected tags`;
    if (blocks.some(({ type, text }) => type === 'text' && text === '')) return `${at}: text content blocks must be non-empty`;
    const results = blocks.filter(({ type }) => type === 'tool_result').map((result) => textIn(result['tool_use_id']));
    const orphan = results.find((id) => !open.has(id));
    if (orphan !== undefined) return `${at}: unexpected tool_use_id found in tool_result blocks: ${orphan}`;
    const missing = [...open].find((id) => !results.includes(id));
    if (missing !== undefined) return `${at}: tool_use ids were found without tool_result blocks immediately after: ${missing}`;
    const ids = blocks.filter(({ type }) => type === 'tool_use').map((use) => textIn(use['id']));
    if (ids.some((id) => !ANTHROPIC_ID.test(id)))
      return `${at}.content.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
    open = new Set(ids);
  }
  return undefined;
}

/** https://ai.google.dev/api/generate-content */
const GEMINI = members('contents systemInstruction generationConfig tools toolConfig safetySettings cachedContent serviceTier');
const GENERATION =
  members(`maxOutputTokens temperature topP topK seed frequencyPenalty presencePenalty stopSequences responseMimeType
  responseSchema responseJsonSchema thinkingConfig candidateCount responseLogprobs logprobs mediaResolution`);
const GEMINI_DATA = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse'];

export const judgeGemini = (body: Json, model: string): string | undefined => {
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  return firstOf(
    unknownIn(body, GEMINI),
    unknownIn(config, GENERATION, 'generationConfig.'),
    config['responseJsonSchema'] !== undefined &&
      config['responseMimeType'] !== 'application/json' &&
      'responseJsonSchema wants responseMimeType',
    body['toolConfig'] !== undefined &&
      objectsIn(body['tools']).length === 0 &&
      'toolConfig: function calling config is set without function_declarations',
    geminiContents(objectsIn(body['contents']), /^gemini-[3-9]/u.test(model)),
  );
};

function geminiContents(contents: readonly Json[], signs: boolean): string | undefined {
  let calls: string[] = [];
  for (const [index, { role, parts }] of contents.entries()) {
    const at = `contents[${index}]`;
    if (role !== 'user' && role !== 'model') return `${at}.role: want user or model`;
    const given = objectsIn(parts);
    const wrong = given.find((part) => GEMINI_DATA.filter((member) => part[member] !== undefined).length !== 1);
    if (wrong !== undefined || given.length === 0)
      return `${at}.parts: required oneof field 'data' must have one initialized field`;
    const responses = given.map((part) => part['functionResponse']).filter(isObject);
    if (responses.length !== calls.length || responses.some(({ name }) => !calls.includes(textIn(name))))
      return `${at}: the number of function response parts must equal the function call parts of the function call turn`;
    calls = given
      .map((part) => part['functionCall'])
      .filter(isObject)
      .map(({ name }) => textIn(name));
    const first = given.find((part) => part['functionCall'] !== undefined);
    if (signs && first !== undefined && first['thoughtSignature'] === undefined)
      return `${at}: Function call is missing a thought_signature`;
  }
  return undefined;
}
