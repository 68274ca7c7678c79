import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer that a caller has got whole, so that what stands behind it may not be lost. */
export interface Acknowledged {
  readonly key: string;
  readonly transaction_id: string;
}

export interface Callers {
  readonly acknowledged: readonly Acknowledged[];
  /** Answers and refusals by status, and connections that broke. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Keys whose second answer was another one. */
  readonly differing: readonly string[];
  stop(): Promise<void>;
}

/** Callers in a closed loop, each with keys of its own; an answer now and then is asked for again under its key. */
export function startCallers(count: number, origins: () => readonly string[], workspace_keys: readonly string[]): Callers {
  const acknowledged: Acknowledged[] = [];
  const outcomes = new Map<string, number>();
  const differing: string[] = [];
  let stopped = false;
  const count_as = (outcome: string): undefined => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    return undefined;
  };

  async function ask(origin: string, workspace_key: string, key: string, stream: boolean): Promise<string | undefined> {
    const response = await fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${workspace_key}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: `When did the harbour open? ${key}` }],
        max_tokens: 60,
        metadata: { usage: '{"prompt_tokens":0,"completion_tokens":0}' },
        ...(stream && { stream: true }),
      }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    count_as(String(response.status));
    if (response.status !== 200) return undefined;
    const whole = stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}');
    return whole ? (response.headers.get('purser-transaction-id') ?? undefined) : undefined;
  }

  async function caller(number: number): Promise<void> {
    const workspace_key = workspace_keys[number % workspace_keys.length] ?? '';
    for (let call = 0; !stopped; call += 1) {
      const all = origins();
      const at = (shift: number): string => all[(number + call + shift) % all.length] ?? '';
      const key = randomUUID();
      const stream = call % 2 === 1;
      const transaction_id = await ask(at(0), workspace_key, key, stream).catch(() => count_as('broken'));
      if (transaction_id === undefined) {
        await sleep(20);
        continue;
      }
      acknowledged.push({ key, transaction_id });
      if (call % 5 !== 0) continue;
      const again = await ask(at(1), workspace_key, key, stream).catch(() => count_as('broken'));
      if (again !== undefined && again !== transaction_id) differing.push(key);
    }
  }

  const running = Promise.all(Array.from({ length: count }, (_, number) => caller(number)));
  return {
    acknowledged,
    outcomes,
    differing,
    async stop() {
      stopped = true;
      await running;
    },
  };
}
