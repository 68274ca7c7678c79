import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A provider of OpenAI's protocol that answers with as many tokens as it may: so a call spends all that it was admitted for. */
export async function startGreedyUpstream(): Promise<{ readonly url: string; close(): Promise<void> }> {
  let count = 0;
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const asked = JSON.parse(await bodyOf(request)) as { model: string; max_tokens?: number; max_completion_tokens?: number };
      const completion_tokens = asked.max_completion_tokens ?? asked.max_tokens ?? 0;
      const usage = { prompt_tokens: 0, completion_tokens, total_tokens: completion_tokens };
      const choices = [{ index: 0, finish_reason: 'length', message: { role: 'assistant', content: 'On.' } }];
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ id: `chatcmpl-${++count}`, object: 'chat.completion', created: 0, model: asked.model, choices, usage }),
      );
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
