import { Pool } from 'undici';

import { percentile } from '../report.ts';

export interface LoadFigures {
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly requests: number;
  readonly failures: number;
}

const BODY = {
  model: 'gpt-4o-mini',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'What does a purser keep on a ship, and why does nobody sail without one?' }],
};

/** `callers` callers, each with one request at a time, for `seconds`; every answer is read to its end. */
export async function load(
  target: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  callers: number,
  seconds: number,
  stream: boolean,
): Promise<LoadFigures> {
  const url = new URL(target.url);
  const pool = new Pool(url.origin, { connections: callers, pipelining: 1 });
  const path = `${url.pathname}/chat/completions`;
  const headers = { 'content-type': 'application/json', ...target.headers };
  const body = JSON.stringify(stream ? { ...BODY, stream } : BODY);
  const samples: number[] = [];
  let failures = 0;
  let failure: string | undefined;
  const started = performance.now();
  const until = started + seconds * 1000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < until) {
        const before = performance.now();
        const answer = await pool.request({ path, method: 'POST', headers, body });
        const bytes = await answer.body.bytes();
        if (answer.statusCode !== 200 || bytes.length < 500) {
          failure ??= `${answer.statusCode} ${Buffer.from(bytes).toString('utf8', 0, 500)}`;
          failures++;
        } else samples.push(performance.now() - before);
      }
    }),
  );
  const elapsed_s = (performance.now() - started) / 1000;
  await pool.close();
  if (samples.length === 0) throw new Error(`every request to ${target.url} failed; the first with ${failure}`);
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    per_second: Math.round(samples.length / elapsed_s),
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    requests: samples.length,
    failures,
  };
}
