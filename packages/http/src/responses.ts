import { anthropicErrorSchema, openAiErrorSchema, problemSchema } from '@purser/api';
import { type RefusalKind, refusalKinds } from '@purser/core';
import type { z } from 'zod';

type Status = RefusalKind['status'];

/** The refusals a route may answer with, for its API description: each status with the codes that have it. */
export function problems(...statuses: Status[]): Record<number, ResponseDescription> {
  return described('application/problem+json', problemSchema, statuses);
}

/** The same in OpenAI's error shape. */
export function openAiErrors(...statuses: Status[]): Record<number, ResponseDescription> {
  return described('application/json', openAiErrorSchema, statuses);
}

/** The same in Anthropic's error shape. */
export function anthropicErrors(...statuses: Status[]): Record<number, ResponseDescription> {
  return described('application/json', anthropicErrorSchema, statuses);
}

interface ResponseDescription {
  readonly description: string;
  readonly content: Record<string, { schema: z.ZodType }>;
}

function described(type: string, schema: z.ZodType, statuses: readonly Status[]): Record<number, ResponseDescription> {
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = [...refusalKinds()].flatMap(([code, refusal]) => (refusal.status === status ? [`\`${code}\``] : []));
      return [status, { description: codes.join(', '), content: { [type]: { schema } } }];
    }),
  );
}
