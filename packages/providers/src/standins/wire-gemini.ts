import type { Reply, ReplyUsage } from './reply.ts';
import { dataEvent, type Wire } from './wire.ts';

function usageMetadata(usage: ReplyUsage, output: number): object {
  const thoughts = Math.min(usage.reasoning, Math.max(output, 0));
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: output - thoughts,
    totalTokenCount: usage.input + output,
    cachedContentTokenCount: usage.cached,
    thoughtsTokenCount: thoughts,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.input }],
  };
}

function part(reply: Reply, text: string, last: boolean, usage: object | null): object {
  const finish = last && !reply.unfinished ? { finishReason: reply.finish === 'stop' ? 'STOP' : 'MAX_TOKENS' } : {};
  return {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...finish }],
    ...(usage ? { usageMetadata: usage } : {}),
    modelVersion: reply.model,
    responseId: 'standin',
  };
}

/** Gemini's generateContent and streamGenerateContent. Real Gemini repeats growing usage in every event; the last counts. */
export const geminiWire: Wire = {
  whole: (reply) => part(reply, reply.pieces.join(''), true, reply.usage && usageMetadata(reply.usage, reply.usage.output)),
  events(reply) {
    const { usage, pieces } = reply;
    return pieces.map((text, index) => {
      const last = index === pieces.length - 1;
      const sofar =
        usage && ((last && !reply.unfinished) || reply.usage_each_piece)
          ? usageMetadata(usage, last ? usage.output : index + 1)
          : null;
      return dataEvent(part(reply, text, last, sofar));
    });
  },
  streamError: () => dataEvent({ error: { code: 500, message: 'the stand-in lost its thread', status: 'INTERNAL' } }),
  error: (status, message) => ({
    error: { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT' },
  }),
};
