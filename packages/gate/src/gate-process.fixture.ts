import { isRefusal } from '@purser/core';
import type { Workspace } from '@purser/identity';

import type { Gate } from './gate.ts';
import { ask, keyed, openGateBench, PRESENT, SHIPS } from './testing.ts';

// A process with a gate of its own over a database it is given, to be killed: `node gate-process.fixture.ts <orders as JSON>`.
// It says in one line each where a call stands (`{"at": "after hold"}`) and what it was answered (`{"answered": …}`).
interface Call {
  readonly workspace: { readonly anchored_at: string };
  /** Where it stops and waits for ever; null: nowhere. */
  readonly point: string | null;
  readonly door: 'generate' | 'stream' | 'chat';
  readonly key: string | null;
  /** So many at once. */
  readonly times: number;
}
const orders = JSON.parse(process.argv[2] ?? '') as { database_url: string; upstream: string; calls: Call[] };

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const bench = await openGateBench(orders.database_url);

function gateFor({ point, door }: Call): Gate {
  return bench.gate(door === 'chat' ? { openai: { api_key: 'test', base_url: orders.upstream } } : {}, {
    call_timeout_ms: 20_000,
    pause: async (reached) => {
      if (reached !== point) return;
      say({ at: `${point}, ${door}` });
      await new Promise(() => setInterval(() => {}, 60_000));
    },
  });
}

function callerOf({ workspace }: Call) {
  const anchored_at = Temporal.Instant.from(workspace.anchored_at);
  const given: Workspace = { ...bench.caller('PRO').workspace, ...workspace, anchored_at };
  return { kind: 'workspace_key' as const, workspace: given, actor: 'key:fixture', roles: ['member' as const] };
}

async function run(gate: Gate, call: Call): Promise<string> {
  const caller = callerOf(call);
  const idempotency = call.key === null ? {} : keyed(call.key, SHIPS);
  if (call.door === 'generate') {
    const answer = await gate.generate(caller, ask(SHIPS, idempotency), PRESENT);
    return isRefusal(answer) ? answer.code : answer.id;
  }
  if (call.door === 'stream') {
    const parts = await gate.stream(caller, ask(SHIPS, idempotency), PRESENT);
    if (isRefusal(parts)) return parts.code;
    for await (const part of parts) if (part.type === 'end') return part.answer.id;
    return 'no end';
  }
  const body = { model: 'gpt-4o-mini', stream: true, messages: [{ role: 'user', content: SHIPS }] };
  const answer = await gate.chatCompletions(caller, { body, ...idempotency }, PRESENT);
  if (isRefusal(answer)) return answer.code;
  if (answer.kind === 'stream') for await (const chunk of answer.chunks) if (chunk.length === 0) continue;
  return 'whole';
}

await Promise.all(
  orders.calls.flatMap((call) => {
    const gate = gateFor(call);
    return Array.from({ length: call.times }, async () => say({ answered: await run(gate, call) }));
  }),
);
await bench.close();
