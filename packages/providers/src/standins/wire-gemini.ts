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

function answer(reply: Reply, parts: readonly object[], last: boolean, usage: object | null): object {
  const finish = last && !reply.unfinished ? { finishReason: reply.finish === 'stop' ? 'STOP' : 'MAX_TOKENS' } : {};
  return {
    candidates: [{ content: { parts, role: 'model' }, index: 0, ...finish }],
    ...(usage ? { usageMetadata: usage } : {}),
    modelVersion: reply.model,
    responseId: 'standin',
  };
}

/** Of several calls only the first has the mark of the reasoning; older models give no ids. */
function callParts({ calls, model }: Reply): object[] {
  const signs = /^gemini-[3-9]/u.test(model);
  return calls.map(({ name, input }, index) => ({
    functionCall: { name, args: input, ...(signs && { id: `fc${index}` }) },
    ...(signs && index === 0 && { thoughtSignature: 'c2lnbmVk+/==' }),
  }));
}

/** Gemini's generateContent and streamGenerateContent. Real Gemini repeats growing usage in every event; the last counts. */
export const geminiWire: Wire = {
  whole(reply) {
    const text = reply.pieces.join('');
    const parts = [...(text === '' ? [] : [{ text }]), ...callParts(reply)];
    return answer(reply, parts, true, reply.usage && usageMetadata(reply.usage, reply.usage.output));
  },
  events(reply) {
    const { usage } = reply;
    const pieces = [...reply.pieces.map((text) => ({ text })), ...callParts(reply)];
    return pieces.map((part, index) => {
      const last = index === pieces.length - 1;
      const sofar =
        usage && ((last && !reply.unfinished) || reply.usage_each_piece)
          ? usageMetadata(usage, last ? usage.output : index + 1)
          : null;
      return dataEvent(answer(reply, [part], last, sofar));
    });
  },
  streamError: () => dataEvent({ error: { code: 500, message: 'the stand-in lost its thread', status: 'INTERNAL' } }),
  error: (status, message) => ({
    error: { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT' },
  }),
};
