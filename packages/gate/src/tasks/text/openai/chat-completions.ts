import type { Refusal } from '@purser/core';
import type { FittedRequest } from '@purser/routing';

import type { Cleared } from '../../../admission/admit.ts';
import type { Engine } from '../../../deps.ts';
import { beganAt, type Kept, spentFromKept } from '../../../execution/kept.ts';
import { serve } from '../../../execution/serve.ts';
import type { Serving } from '../../../execution/serving.ts';
import { servedCall } from '../../../execution/settle.ts';
import { settleOutcome, taskCall } from '../../../execution/spend.ts';
import { relay } from '../../../execution/stream.ts';
import type { Bill, OpenAiChatBody, OpenAiResponse, Spent } from '../../../gate.ts';
import { piecesOf, spentEnd } from '../answer.ts';
import type { TextInput, TextResult } from '../text-input.ts';
import type { TextTask } from '../text-task.ts';
import { completionOf, eventsOf } from './answer.ts';
import { pass, replayed } from './pass.ts';
import { wantsUsage } from './request.ts';

/** Serves OpenAI's format: by the provider's own bytes where it speaks that format, else translated. */
export async function chatCompletions(
  engine: Engine,
  task: TextTask,
  cleared: Cleared,
  body: OpenAiChatBody,
  client: AbortSignal,
): Promise<OpenAiResponse | Refusal> {
  return serve<OpenAiResponse, FittedRequest>(
    engine,
    cleared,
    { signal: client, stream: body.stream === true },
    (serving) => {
      const upstream = engine.providers.upstream(serving.held.fitted.model.provider);
      return upstream ? pass(engine, serving, upstream, body) : translate(engine, task, serving, body);
    },
    (kept) => {
      const again = kept.text.startsWith('{"answer"') ? translatedAgain(task, kept, body) : replayed(kept, body.stream === true);
      return { ...again, replayed: true };
    },
  );
}

async function translate(
  engine: Engine,
  task: TextTask,
  serving: Serving<FittedRequest>,
  body: OpenAiChatBody,
): Promise<OpenAiResponse> {
  const call = { ...taskCall(serving), input: { body } satisfies TextInput };
  const at = serving.start.at;
  if (body.stream === true) {
    const events = task.stream(call)[Symbol.asyncIterator]();
    const parts = relay(engine, serving, events, await events.next(), spentEnd<TextResult>);
    const { model } = serving.held.fitted;
    const chunks = eventsOf(parts, model.name, wantsUsage(body), at, serving.held.hold.id);
    return { kind: 'stream', chunks, call: servedCall(serving.held) };
  }
  const outcome = await task.run(call);
  serving.time.end();
  const settled = await settleOutcome(engine, serving, outcome);
  return { kind: 'whole', status: 200, body: completionOf(settled, at), bill: billed(settled) };
}

function translatedAgain(task: TextTask, kept: Kept, body: OpenAiChatBody): OpenAiResponse {
  const answer = spentFromKept<TextResult>(task, kept);
  const at = beganAt(kept);
  if (body.stream !== true) return { kind: 'whole', status: 200, body: completionOf(answer, at), bill: billed(answer) };
  const chunks = eventsOf(piecesOf(answer), answer.model.name, wantsUsage(body), at, answer.id);
  return { kind: 'stream', chunks, call: billed(answer) };
}

function billed({ id, cost, credits, degraded, offline }: Spent<TextResult>): Bill {
  return { id, cost, charged: credits.charged, degraded, offline };
}
