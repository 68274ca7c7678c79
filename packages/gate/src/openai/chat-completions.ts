import type { Refusal } from '@purser/core';

import type { Cleared } from '../admit.ts';
import type { Engine } from '../deps.ts';
import type { Answer, Bill, OpenAiChatBody, OpenAiResponse } from '../gate.ts';
import { providerCall, providerOf, settleAnswer } from '../generate.ts';
import { answerFromKept, beganAt, type Kept } from '../kept.ts';
import { serve, type Serving } from '../serve.ts';
import { servedCall } from '../settle.ts';
import { relay, replayedParts } from '../stream.ts';
import { completionOf, eventsOf } from './answer.ts';
import { pass, replayed } from './pass.ts';
import { wantsUsage } from './request.ts';
import { plainMessages, settingsOf } from './translate.ts';

/** Serves OpenAI's format: by the provider's own bytes where it speaks that format, else translated. */
export async function chatCompletions(
  engine: Engine,
  cleared: Cleared,
  body: OpenAiChatBody,
  client: AbortSignal,
): Promise<OpenAiResponse | Refusal> {
  return serve(
    engine,
    cleared,
    { signal: client, stream: body.stream === true },
    (serving) => {
      const upstream = engine.providers.upstream(serving.held.fitted.model.provider);
      return upstream ? pass(engine, serving, upstream, body) : translate(engine, serving, body);
    },
    (kept) => {
      const again = kept.text.startsWith('{"answer"') ? translatedAgain(kept, body) : replayed(kept, body.stream === true);
      return { ...again, replayed: true };
    },
  );
}

async function translate(engine: Engine, serving: Serving, body: OpenAiChatBody): Promise<OpenAiResponse> {
  const provider = providerOf(engine, serving.held);
  const call = providerCall(engine, serving, plainMessages(body), settingsOf(body));
  const at = serving.start.at;
  if (body.stream === true) {
    const events = provider.stream(call)[Symbol.asyncIterator]();
    const parts = relay(engine, serving, events, await events.next());
    const { model } = serving.held.fitted;
    const chunks = eventsOf(parts, model.name, wantsUsage(body), at, serving.held.hold.id);
    return { kind: 'stream', chunks, call: servedCall(serving.held) };
  }
  const answer = await provider.generate(call);
  serving.time.end();
  const settled = await settleAnswer(engine, serving, answer);
  return { kind: 'whole', status: 200, body: completionOf(settled, at), bill: billed(settled) };
}

function translatedAgain(kept: Kept, body: OpenAiChatBody): OpenAiResponse {
  const answer = answerFromKept(kept);
  const at = beganAt(kept);
  if (body.stream !== true) return { kind: 'whole', status: 200, body: completionOf(answer, at), bill: billed(answer) };
  const chunks = eventsOf(replayedParts(answer), answer.model.name, wantsUsage(body), at, answer.id);
  return { kind: 'stream', chunks, call: billed(answer) };
}

function billed({ id, cost, credits, degraded, offline }: Answer): Bill {
  return { id, cost, charged: credits.charged, degraded, offline };
}
