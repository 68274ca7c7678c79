import { assert, isRefusal, type Refusal, refuse } from '@purser/core';
import type { Caller } from '@purser/identity';
import type { AnswerPiece } from '@purser/providers';

import { clear, type Cleared } from './admission/admit.ts';
import type { Ask } from './admission/draft.ts';
import { countClientError } from './admission/client-errors.ts';
import { arrive, countAction, countRefused, headroomOf } from './admission/rate.ts';
import { Refused } from './admission/refused.ts';
import type { Engine, GateDeps } from './deps.ts';
import { CallWatch } from './execution/call-watch.ts';
import { InFlight } from './execution/in-flight.ts';
import { proveRoutes } from './execution/route-access.ts';
import { spend } from './execution/spend.ts';
import { stream } from './execution/stream.ts';
import type { Arrival, Gate, GenerateRequest, Spent, SpentEnd, TaskRequest } from './gate.ts';
import { tasksOf } from './tasks/registry.ts';
import { EmailTask } from './tasks/email/email-task.ts';
import { EmbeddingTask } from './tasks/embedding/embedding-task.ts';
import { ImageTask } from './tasks/image/image-task.ts';
import { SpeechTask } from './tasks/speech/speech-task.ts';
import type { Task } from './tasks/task.ts';
import { ModerationTask } from './tasks/moderation/moderation-task.ts';
import { TranscriptionTask } from './tasks/transcription/transcription-task.ts';
import { answerOf, endOf, replayedParts, spentEnd } from './tasks/text/answer.ts';
import { chatCompletions } from './tasks/text/openai/chat-completions.ts';
import { refuseBody } from './tasks/text/openai/request.ts';
import type { TextInput, TextResult } from './tasks/text/text-input.ts';
import { TextTask } from './tasks/text/text-task.ts';

/** The only way to spend. */
export function createGate(deps: GateDeps): Gate {
  const inFlight = new InFlight((work, error) => deps.onBackgroundFailure?.(work, error));
  const text = new TextTask(deps);
  const engine = engineOf(deps, text, inFlight);
  const taskNamed = (name: string): Task => {
    const task = engine.tasks.get(name);
    assert(task, `this gate has no task ${name}`);
    return task;
  };
  const open = <T>(ask: Ask, endpoint: string, run: (cleared: Cleared) => Promise<T | Refusal>): Promise<T | Refusal> =>
    inFlight.track(openCall(engine, ask, endpoint, run));

  return {
    offeredBy: (task) => taskNamed(task).offeredBy(),
    spend: <Result>(caller: Caller, task: string, request: TaskRequest, signal: AbortSignal) =>
      open(askFor(taskNamed(task), caller, request), task, (cleared) => spend<Result>(engine, cleared, signal)),
    spendStreaming: <Result>(caller: Caller, task: string, request: TaskRequest, signal: AbortSignal) =>
      open(askFor(taskNamed(task), caller, request), task, (cleared) =>
        stream<Result, SpentEnd<Result>>(engine, cleared, signal, spentEnd, onlyEnd),
      ),
    generate: (caller, request, signal) =>
      open(askOf(text, caller, request), 'generate', async (cleared) => {
        const spent = await spend<TextResult>(engine, cleared, signal);
        return isRefusal(spent) ? spent : answerOf(spent);
      }),
    stream: (caller, request, signal) =>
      open(askOf(text, caller, request), 'generate', (cleared) =>
        stream<TextResult, ReturnType<typeof endOf>, AnswerPiece>(engine, cleared, signal, endOf, (spent) =>
          replayedParts(answerOf(spent)),
        ),
      ),
    chatCompletions: (caller, { body, idempotency, arrival }, signal) => {
      const wrong = refuseBody(body);
      if (wrong !== undefined) return inFlight.track(clientError(engine, caller, body.user, wrong, arrival));
      const input: TextInput = { body };
      const ask = askFor(text, caller, { input, model: body.model, models: body.models, user: body.user, idempotency, arrival });
      return open(ask, 'chat', (cleared) => chatCompletions(engine, text, cleared, body, signal));
    },
    arrive: (caller, user) => {
      const arrived = arrive(engine, caller, user);
      return arrived instanceof Promise
        ? arrived.then((one) => reportRefused(engine, caller, one))
        : reportRefused(engine, caller, arrived);
    },
    act: (caller, user) => countAction(engine, caller, user),
    recordClientError: (caller, refusal, arrival) => clientError(engine, caller, undefined, refusal, arrival),
    headroom: (caller) => headroomOf(engine, caller),
    proveRoutes: (models) => proveRoutes(engine, models),
    settled: (timeout_ms) => {
      engine.meters.flush();
      return inFlight.settled(timeout_ms);
    },
    drain: (timeout_ms) => {
      engine.meters.flush();
      return inFlight.drain(timeout_ms);
    },
  };
}

function engineOf(deps: GateDeps, text: TextTask, inFlight: InFlight): Engine {
  return {
    ...deps,
    tasks: tasksOf([
      text,
      new EmbeddingTask(deps),
      new ImageTask(deps),
      new SpeechTask(deps),
      new TranscriptionTask(deps),
      new ModerationTask(deps),
      new EmailTask(deps.carriers ?? []),
      ...(deps.tasks ?? []),
    ]),
    inFlight,
    refused: new Refused(),
  };
}

/** A call that is refused before the steps could be taken. */
async function clientError(
  engine: Engine,
  caller: Caller,
  user: string | undefined,
  refusal: Refusal,
  arrival: Arrival | undefined,
): Promise<Refusal> {
  return countClientError(engine, caller, user, await countRefused(engine, caller, arrival, refusal));
}

/** Every endpoint: the steps before the hold, then the call, watched from beginning to end. */
async function openCall<T>(
  engine: Engine,
  given: Ask,
  endpoint: string,
  run: (cleared: Cleared) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const { caller, user, idempotency } = given;
  if (engine.inFlight.closed)
    return refuse('overloaded', 'this server is shutting down; send the request again', { retryAfterSeconds: 1 });
  // A key is of one endpoint: the same bytes at another ask for something else.
  const ask = idempotency
    ? { ...given, idempotency: { ...idempotency, request_hash: `${endpoint} ${idempotency.request_hash}` } }
    : given;
  const watch = watchOf(engine, ask);
  const cleared = await clear(engine, ask, watch);
  const served = isRefusal(cleared) ? cleared : await run(cleared);
  // Who names the most it may cost wants to be refused rather than to pay more.
  const result = isRefusal(served) && !ask.cost_max ? await countClientError(engine, caller, user, served) : served;
  if (isRefusal(result)) watch.end(result.code);
  else if (isReplay(result)) watch.end('ok');
  else watch.began();
  return result;
}

function watchOf({ observe }: Engine, { caller: { workspace }, task, operation }: Ask): CallWatch {
  const call = { task: task.name, operation: operation ?? 'unread', plan: workspace?.plan ?? '', workspace, model: null };
  return new CallWatch(call, observe);
}

/** A call that is refused before it says what it wants counts in the figures too. */
function reportRefused<T extends Arrival | Refusal | undefined>({ observe }: Engine, { workspace }: Caller, arrived: T): T {
  if (arrived !== undefined && isRefusal(arrived)) {
    const call = { task: '', operation: 'unread', plan: workspace?.plan ?? '', workspace, model: null };
    new CallWatch(call, observe).end(arrived.code);
  }
  return arrived;
}

type Loose<T> = { readonly [key in keyof T]: T[key] | undefined };

/** A request of any task as the steps take it. */
function askFor(task: Task, caller: Caller, request: Loose<TaskRequest>): Ask {
  return {
    caller,
    task,
    input: request.input,
    operation: request.operation,
    complexity: request.complexity ?? 'medium',
    cost_max: request.cost_max,
    model: request.model,
    models: request.models ?? [],
    idempotency: request.idempotency,
    arrival: request.arrival,
    user: request.user,
  };
}

function askOf(text: TextTask, caller: Caller, request: GenerateRequest): Ask {
  const { operation, complexity, cost_max, model, idempotency, arrival, messages, output_tokens_max } = request;
  const input: TextInput = { messages, output_tokens_max };
  return askFor(text, caller, { input, operation, complexity, cost_max, model, idempotency, arrival, user: undefined });
}

/** What was kept of a stream is what it made, without the pieces it came in. */
async function* onlyEnd<Result>(spent: Spent<Result>): AsyncGenerator<SpentEnd<Result>> {
  yield spentEnd(spent);
}

function isReplay(result: unknown): boolean {
  return (result as { readonly replayed?: boolean }).replayed === true;
}
