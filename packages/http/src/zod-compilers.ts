import { RefusalError, refuse } from '@purser/core';
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import { ResponseSerializationError } from 'fastify-type-provider-zod';
import type { z } from 'zod';

import { invalidSentence } from './invalid.ts';

const WHOLE: Readonly<Record<string, 'body' | 'query' | 'path' | 'headers'>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/** Parses a part of a request once, at the border; what does not fit is refused in one plain sentence. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const whole = WHOLE[httpPart ?? 'body'] ?? 'body';
  return (data) => {
    const result = schema.safeParse(data, { reportInput: true });
    return result.success
      ? { value: result.data }
      : { error: new RefusalError(refuse('invalid_request', invalidSentence(result.error, whole))) };
  };
};

/** Answers are checked against what the API description promises; one that does not fit is our own fault. */
export const compileSerializer: FastifySerializerCompiler<z.ZodType> =
  ({ schema, method, url }) =>
  (data) => {
    const result = schema.safeEncode(data);
    if (!result.success) throw new ResponseSerializationError(method, url, { cause: result.error });
    return JSON.stringify(result.data);
  };
