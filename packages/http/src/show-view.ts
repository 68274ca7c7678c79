import { REFUSALS } from '@purser/core';
import type { View } from '@purser/catalog';
import { withoutAmounts } from '@purser/money';
import type { FastifyRequest, RouteOptions } from 'fastify';
import { z } from 'zod';

import { assertAmountsTold, inCredits } from './shown.ts';
import type { App } from './types.ts';
import { viewOf, type Views } from './view.ts';

const COST_HEADER = 'purser-cost';

/**
 * The one place where an answer becomes what its caller may see: where credits are shown, members, headers and texts that show cost are
 * taken out before the answer is written. Routes say the whole truth; their shapes say which of it is cost.
 */
export function showByView(app: App, views: Views): void {
  app.decorateRequest('view', {
    getter(this: FastifyRequest): View {
      return viewOf(this.caller, views);
    },
  });
  app.addHook('onRoute', (route) => {
    if (route.config?.access === 'admin') return;
    for (const schema of answersOf(route)) assertAmountsTold(schema, `${String(route.method)} ${route.url}`);
  });
  app.addHook('preSerialization', (request, reply, payload, done) => {
    const schema = request.view === 'credits' ? answerOf(request, reply.statusCode) : undefined;
    done(null, schema === undefined ? payload : (inCredits(schema)?.(payload) ?? payload));
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.view === 'cost') return done(null, payload);
    reply.removeHeader(COST_HEADER);
    done(null, Buffer.isBuffer(payload) && request.url.startsWith('/v1/') ? withoutCost(payload) : payload);
  });
}

function answerOf(request: FastifyRequest, status: number): z.ZodType | undefined {
  const answers = request.routeOptions.schema?.response as Record<string, unknown> | undefined;
  return shapeOf(answers?.[status]);
}

function answersOf({ schema }: RouteOptions): z.ZodType[] {
  const answers = Object.values((schema?.response ?? {}) as Record<string, unknown>);
  return answers.map(shapeOf).filter((shape) => shape !== undefined);
}

/** The shape itself, or that of JSON where there are several kinds. */
function shapeOf(answer: unknown): z.ZodType | undefined {
  if (answer instanceof z.ZodType) return answer;
  const { content } = (answer ?? {}) as { content?: Record<string, { schema?: unknown }> };
  const kinds = Object.entries(content ?? {});
  const json = kinds.find(([type]) => /json/.test(type))?.[1].schema;
  return json instanceof z.ZodType ? json : undefined;
}

/** A whole answer in OpenAI's format: bytes of a provider's, which may say what it charges. */
function withoutCost(body: Buffer): Buffer {
  if (!body.includes('cost')) return body;
  const parsed = parsedObject(body.toString());
  return parsed === undefined ? body : Buffer.from(JSON.stringify(stripped(parsed)));
}

/** Server-sent events, whatever the cuts between their chunks: those that say a cost, or an amount in an error, are written anew. */
export async function* eventsInCredits(chunks: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const end = rest.lastIndexOf('\n\n');
    if (end < 0) continue;
    const whole = rest.slice(0, end + 2);
    rest = rest.slice(end + 2);
    yield whole.replace(/^data: (\{.*(?:"cost|"error").*)$/gm, rewrittenData);
  }
  if (rest !== '') yield rest;
}

function rewrittenData(line: string, json: string): string {
  const parsed = parsedObject(json);
  return parsed === undefined ? line : `data: ${JSON.stringify(stripped(parsed))}`;
}

function parsedObject(json: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function stripped(told: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const answer = { ...told };
  delete answer['cost'];
  for (const name of ['purser', 'usage']) {
    const member = answer[name];
    if (isObject(member)) answer[name] = Object.fromEntries(Object.entries(member).filter(([key]) => !/(?:^|_)cost/.test(key)));
  }
  const { error } = answer;
  if (isObject(error) && typeof error['message'] === 'string') {
    answer['error'] = { ...error, message: withoutAmounts(error['message']) || REFUSALS.provider_failed.title };
  }
  return answer;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
