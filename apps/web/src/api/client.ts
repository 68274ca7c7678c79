import { readProblem } from '../words/problem.ts';
import type { Problem } from './wire.ts';

/** A problem answered by the API, thrown so that queries and mutations can carry it. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** The problem behind any failure; what is not the API's own counts as a lost connection. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    code: 'connection_lost',
    status: 0,
    title: 'The connection was lost',
    detail: 'Purser did not answer. It may be restarting, or your network is away.',
  };
}

export async function problemFrom(response: Response): Promise<ProblemError> {
  return new ProblemError(readProblem(response.status, await response.text(), response.headers.get('retry-after')));
}

/** @throws ProblemError for every answer that is not 2xx. */
async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { credentials: 'same-origin', ...init });
  if (!response.ok) throw await problemFrom(response);
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, { headers: { accept: 'application/json' }, ...(signal === undefined ? {} : { signal }) });
  return (await response.json()) as T;
}

export async function post<T>(path: string, body: unknown, idempotency_key?: string): Promise<T> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(idempotency_key === undefined ? {} : { 'idempotency-key': idempotency_key }),
  };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as T;
}

export async function remove(path: string): Promise<void> {
  await ask(path, { method: 'DELETE' });
}

/** 128 random bits as hex. `crypto.randomUUID` is missing on plain http addresses other than localhost; this is not. */
export function newIdempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
