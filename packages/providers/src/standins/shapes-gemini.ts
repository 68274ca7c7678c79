import { answered, type Billed, data, type Member, PIECES, type Shapes, TEXT, type VendorShape } from './vendor-shape.ts';

// Gemini's generateContent.

const GEMINI_USAGE = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 10,
  totalTokenCount: 130,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 100 }],
  trafficType: 'ON_DEMAND',
};
const GEMINI_BILL: Billed = { input: 60, cached: 40, output: 30 };
const candidate = (parts: readonly Member[], finishReason?: string, more: Member = {}): Member => ({
  content: { parts, role: 'model' },
  index: 0,
  ...(finishReason === undefined ? {} : { finishReason }),
  ...more,
});
const gemini = (candidates: readonly Member[] | undefined, usageMetadata?: Member, more: Member = {}): Member => ({
  ...(candidates === undefined ? {} : { candidates }),
  ...(usageMetadata === undefined ? {} : { usageMetadata }),
  modelVersion: 'gemini-2.5-flash',
  responseId: 'r',
  ...more,
});
const text = (value: string): Member => ({ text: value });
const UNDER_WAY = { promptTokenCount: 100, cachedContentTokenCount: 40, thoughtsTokenCount: 10, totalTokenCount: 110 };
const GEMINI_TEXTS = PIECES.map((value) => data(gemini([candidate([text(value)])], UNDER_WAY))).join('');
const both = (answer: Member): Pick<VendorShape, 'stream' | 'whole'> => ({ stream: data(answer), whole: JSON.stringify(answer) });

export const GEMINI_SHAPES: Shapes = [
  {
    name: 'usage in every event, an empty last one, members of later versions',
    stream:
      GEMINI_TEXTS + data(gemini([candidate([text('')], 'STOP', { groundingMetadata: {} })], GEMINI_USAGE, { ofTomorrow: {} })),
    whole: JSON.stringify(gemini([candidate([text(TEXT)], 'STOP', { avgLogprobs: -0.1 })], GEMINI_USAGE)),
    ...answered,
    billed: GEMINI_BILL,
  },
  {
    name: 'thoughts beside the text, and parts of types that are not known yet',
    stream:
      data(gemini([candidate([{ text: 'Hm.', thought: true }, { ofTomorrow: {} }])], UNDER_WAY)) +
      GEMINI_TEXTS +
      data(gemini([candidate([{ text: '', thoughtSignature: 'x' }], 'STOP')], GEMINI_USAGE)),
    whole: JSON.stringify(gemini([candidate([{ text: 'Hm.', thought: true }, text(TEXT)], 'STOP')], GEMINI_USAGE)),
    ...answered,
    billed: GEMINI_BILL,
  },
  {
    name: 'no count of the text in the last event',
    stream:
      data(gemini([candidate([text(TEXT)])], GEMINI_USAGE)) +
      data(gemini([candidate([text('')], 'STOP')], { promptTokenCount: 100, cachedContentTokenCount: 40, totalTokenCount: 100 })),
    ...answered,
    billed: GEMINI_BILL,
  },
  {
    name: 'sound among the input',
    ...both(
      gemini([candidate([text(TEXT)], 'STOP')], {
        promptTokenCount: 100,
        candidatesTokenCount: 30,
        totalTokenCount: 130,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 20 },
          { modality: 'AUDIO', tokenCount: 80 },
        ],
      }),
    ),
    ...answered,
    billed: { input: 20, audio: 80, output: 30 },
  },
  {
    name: 'a blocked prompt',
    ...both(
      gemini(
        undefined,
        { promptTokenCount: 100, totalTokenCount: 100 },
        { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } },
      ),
    ),
    outcome: 'empty',
    text: '',
    finish: 'content_filter',
    billed: { input: 100 },
  },
  {
    name: 'a filter that leaves nothing',
    ...both(gemini([{ finishReason: 'SAFETY', index: 0, safetyRatings: [] }], GEMINI_USAGE)),
    outcome: 'empty',
    text: '',
    finish: 'content_filter',
    billed: GEMINI_BILL,
  },
  {
    name: 'a filter after some text',
    stream: GEMINI_TEXTS + data(gemini([{ finishReason: 'SAFETY', index: 0 }], GEMINI_USAGE)),
    outcome: 'answer',
    text: TEXT,
    finish: 'content_filter',
    billed: GEMINI_BILL,
  },
  {
    name: 'thoughts alone up to the limit',
    ...both(gemini([{ content: { role: 'model' }, finishReason: 'MAX_TOKENS', index: 0 }], GEMINI_USAGE)),
    outcome: 'empty',
    text: '',
    finish: 'length',
    billed: GEMINI_BILL,
  },
  {
    name: 'a call that the model garbled',
    ...both(gemini([{ content: {}, finishReason: 'MALFORMED_FUNCTION_CALL', index: 0 }], GEMINI_USAGE)),
    outcome: 'failed',
    text: '',
    billed: GEMINI_BILL,
  },
  {
    name: 'overloaded at its start',
    stream: data({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }),
    outcome: 'failed',
    text: '',
    billed: 'none',
  },
  { name: 'no word of its end', stream: GEMINI_TEXTS, outcome: 'broken', text: TEXT, billed: 'unknown' },
];
