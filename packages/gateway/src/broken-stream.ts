import { openAiError, problemOfThrown } from '@purser/http';
import type { FastifyRequest } from 'fastify';

/** A stream that breaks after its first byte ends with an error chunk, which OpenAI's clients raise, and without `[DONE]`. */
export function brokenStream(request: FastifyRequest, error: unknown): string {
  request.log.error({ err: error, request_id: request.id }, 'a stream broke');
  return `data: ${JSON.stringify(openAiError(problemOfThrown(error, request.view)))}\n\n`;
}
